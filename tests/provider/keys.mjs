// The keys that tokens are signed with: made at the start and at each rotation, never written to a file.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

export function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}
