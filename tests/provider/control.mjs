// What tests may change while the provider runs: POST /_control/ACTION with JSON, from this machine only.

import { bodyOf, sendJson } from './http.mjs';
import { newKey } from './keys.mjs';
import { newProvider } from './openid.mjs';
import { subjectOf } from './people.mjs';

const ACTIONS = {
  groups: ({ people }, { person, groups }) => {
    people.named(person).groups = groups;
  },

  enabled: ({ people }, { person, enabled }) => {
    people.named(person).enabled = Boolean(enabled);
  },

  'end-sessions': ({ people, store }, { person }) => ({ ended: store.endSessionsOf(subjectOf(people.named(person))) }),

  'back-channel-logout': logOut,

  'rotate-keys': (house, { keep = true }) => {
    house.keys = [newKey(), ...(keep ? house.keys : [])];
    house.provider = newProvider(house);
    return { kids: house.keys.map((key) => key.kid) };
  },

  away: ({ away }, { how, seconds }) => away.go(how, seconds),

  back: ({ away }) => away.comeBack(),

  requests: ({ requests }) => ({ requests }),

  reset: ({ away, people, requests, store }) => {
    away.comeBack();
    people.reset();
    store.clear();
    requests.length = 0;
  },
};

export async function control(house, request, response) {
  const name = request.url.slice('/_control/'.length);
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action || request.method !== 'POST') return sendJson(response, { error: 'no such action' }, 404);
  if (!mayAsk(request)) return sendJson(response, { error: 'JSON, from this machine' }, 403);
  try {
    const asked = JSON.parse((await bodyOf(request)) || '{}');
    return sendJson(response, (await action(house, asked)) ?? {});
  } catch (problem) {
    return sendJson(response, { error: problem.message }, 400);
  }
}

// A page in somebody's browser cannot send JSON here without asking first, and that question gets no answer.
function mayAsk(request) {
  const isLocal = ['127.0.0.1', '::ffff:127.0.0.1', '::1'].includes(request.socket.remoteAddress);
  return isLocal && request.headers['content-type'] === 'application/json';
}

// As when the person's sessions are ended elsewhere: one token for each, or one without `sid` for all of them.
async function logOut({ people, provider, store, client }, { person, sid: withSid = true, end = true }) {
  const subject = subjectOf(people.named(person));
  const known = store.sessionsOf(subject).map((session) => session.authorizations?.[client.id]?.sid);
  const sids = withSid ? known.filter(Boolean) : [undefined];
  const recipient = await provider.Client.find(client.id);
  const told = await Promise.all(sids.map((sid) => tell(recipient, subject, sid)));
  if (end) store.endSessionsOf(subject);
  return { told };
}

async function tell(recipient, subject, sid) {
  try {
    await recipient.backchannelLogout(subject, sid);
    return { sid, accepted: true };
  } catch (problem) {
    return { sid, accepted: false, status: problem.response?.statusCode, problem: problem.message };
  }
}
