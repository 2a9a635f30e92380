// Who has an account here, in which groups; nobody has a password. Never holds a real person.

import { readFileSync } from 'node:fs';

const SAMPLE = JSON.parse(readFileSync(new URL('people.json', import.meta.url)));

export class People {
  #byName = new Map();

  constructor() {
    this.reset();
  }

  reset() {
    this.#byName = new Map(SAMPLE.map((facts) => [facts.username, { ...facts, enabled: true }]));
  }

  all() {
    return [...this.#byName.values()];
  }

  named(username) {
    const person = this.#byName.get(username);
    if (!person) throw new RangeError(`nobody is called ${username}`);
    return person;
  }

  // What oidc-provider calls an account: undefined stands for one that may not be used.
  account(subject) {
    const person = this.all().find((candidate) => subjectOf(candidate) === subject);
    return person?.enabled ? { accountId: subject, claims: () => claimsOf(person) } : undefined;
  }
}

// Not the user name: whoever takes one for the other shall notice.
export function subjectOf(person) {
  return `sample|${person.username}`;
}

function claimsOf(person) {
  return {
    sub: subjectOf(person),
    preferred_username: person.username,
    name: person.name,
    email: `${person.username}@example.com`,
    email_verified: true,
    groups: person.groups ?? undefined, // null: a provider that was never told to send them
  };
}
