// A certified OpenID Connect provider with sample people, on this machine alone. Development and tests only:
// it asks nobody for a proof, and forgets everything when it ends.
//
//   node provider.mjs --port 8002 --client-id ID --client-secret SECRET \
//     --redirect-uri URI [--redirect-uri URI ...] --post-logout-uri URI --backchannel-uri URI

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

import { Away } from './away.mjs';
import { control } from './control.mjs';
import { interact } from './interaction.mjs';
import { newKey } from './keys.mjs';
import { newProvider } from './openid.mjs';
import { People } from './people.mjs';
import { Store } from './store.mjs';

const HOST = '127.0.0.1';

const { values: asked } = parseArgs({
  options: {
    port: { type: 'string', default: '8002' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    'redirect-uri': { type: 'string', multiple: true },
    'post-logout-uri': { type: 'string', multiple: true },
    'backchannel-uri': { type: 'string' },
  },
});

const house = {
  people: new People(),
  store: new Store(),
  away: new Away(),
  keys: [newKey()],
  cookieKey: randomUUID(),
  requests: [],
  client: {
    id: asked['client-id'],
    secret: asked['client-secret'],
    redirectUris: asked['redirect-uri'],
    postLogoutUris: asked['post-logout-uri'],
    backchannelUri: asked['backchannel-uri'],
  },
};

async function answer(request, response) {
  if (request.url.startsWith('/_control/')) return control(house, request, response);
  house.requests.push({ method: request.method, path: request.url.split('?')[0] });
  if (await house.away.meets(request, response)) return undefined;
  if (request.url.startsWith('/sign-in/')) return interact(house, request, response);
  return house.provider.callback()(request, response);
}

const server = createServer(answer);
server.listen(Number(asked.port), HOST);
await once(server, 'listening'); // a taken port ends the process here
house.issuer = `http://${HOST}:${server.address().port}`;
house.provider = newProvider(house);
console.log(`The sample provider listens on ${house.issuer}`);
