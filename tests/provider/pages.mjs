// The pages people see here: no script of ours, nothing from elsewhere, so that they work without a network.

const STYLE = `
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem }
  button { display: block; width: 100%; margin: .5rem 0; padding: .6rem 1rem; font: inherit; text-align: left }
  small { display: block; opacity: .7 }
`;

export function signInPage(action, people) {
  return page('Sample provider: sign in', `
    <p>Choose whom to sign in as. These people exist in development only; there are no passwords.</p>
    <form method="post" action="${safe(action)}">
      ${people.map(personButton).join('\n')}
      <button name="cancel" value="yes">Cancel</button>
    </form>`);
}

function personButton(person) {
  const groups = [].concat(person.groups ?? []).join(', ') || 'no group';
  const state = person.enabled ? groups : `${groups}; account disabled`;
  const label = `${safe(person.name)}<small>${safe(state)}</small>`;
  return `<button name="person" value="${safe(person.username)}">${label}</button>`;
}

// `form` is the library's own, with its secret; the button belongs to it by its id.
export function signOutPage(form) {
  return page('Sample provider: sign out', `
    <p>The application you come from asks to end your session here.</p>
    ${form}
    <button form="op.logoutForm" name="logout" value="yes">Sign out</button>
    <button form="op.logoutForm">Stay signed in here</button>`);
}

export function signedOutPage() {
  return page('Sample provider: signed out', '<p>Your session here has ended.</p>');
}

export function errorPage(facts) {
  const lines = Object.entries(facts).map(([name, text]) => `<dt>${safe(name)}</dt><dd>${safe(text)}</dd>`);
  return page('Sample provider: that did not work', `<dl>${lines.join('')}</dl>`);
}

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${safe(title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style>
</head>
<body><h1>${safe(title)}</h1>${body}</body>
</html>`;
}

function safe(text) {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
