// How the certified library is set up: one confidential client, authorization code with PKCE, consent without asking.
// Built anew at each rotation of keys; whatever must outlive that is in the house.

import Provider, { interactionPolicy } from 'oidc-provider';

import { errorPage, signedOutPage, signOutPage } from './pages.mjs';

const SCOPE = 'openid profile email groups';
const HOUR = 3600;
const DAY = 24 * HOUR;

export function newProvider(house) {
  const provider = new Provider(house.issuer, {
    adapter: (model) => house.store.adapterFor(model),
    findAccount: (_, subject) => house.people.account(subject),
    loadExistingGrant: grantWithoutAsking,
    jwks: { keys: house.keys },
    clients: [metadataOf(house.client)],
    clientAuthMethods: ['client_secret_basic'],
    clientBasedCORS: () => false,
    responseTypes: ['code'],
    pkce: { required: () => true, methods: ['S256'] },
    scopes: SCOPE.split(' '),
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    conformIdTokenClaims: false, // claims are in the id token as well as in userinfo
    cookies: { keys: [house.cookieKey], long: { sameSite: 'lax' }, short: { sameSite: 'lax' } }, // "none" needs https
    ttl: { AccessToken: HOUR, AuthorizationCode: 60, IdToken: HOUR, Interaction: HOUR, Session: DAY, Grant: DAY },
    interactions: { policy: policyOf(), url: (_, interaction) => `/sign-in/${interaction.uid}` },
    httpOptions: () => ({ signal: AbortSignal.timeout(10_000) }), // of back-channel calls: 2.5 s can be too short
    renderError: (ctx, facts) => show(ctx, errorPage(facts)),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, signOutPage(form)),
        postLogoutSuccessSource: (ctx) => show(ctx, signedOutPage()),
      },
    },
  });
  provider.on('server_error', (_, problem) => console.error('server_error', problem));
  provider.on('backchannel.error', (_, problem) => console.error('back-channel logout was refused:', problem.message));
  return provider;
}

function metadataOf(client) {
  return {
    client_id: client.id,
    client_secret: client.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutUris,
    backchannel_logout_uri: client.backchannelUri,
    backchannel_logout_session_required: true,
  };
}

// A session outlives the account it was made with; without this check the library fails on the missing account.
function policyOf() {
  const policy = interactionPolicy.base();
  policy.get('login').checks.add(new interactionPolicy.Check(
    'account_unusable',
    'the account may not be used',
    'login_required',
    (ctx) => Boolean(ctx.oidc.session.accountId) && !ctx.oidc.account,
  ));
  return policy;
}

async function grantWithoutAsking(ctx) {
  const { client, provider, session, account } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  const found = known && (await provider.Grant.find(known));
  if (found) return found;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: account.accountId });
  grant.addOIDCScope(SCOPE);
  await grant.save();
  return grant;
}

function show(ctx, html) {
  ctx.type = 'html';
  ctx.body = html;
}
