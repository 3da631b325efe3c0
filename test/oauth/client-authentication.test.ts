import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import {
  clientSecretBasic,
  clientSecretPost,
  noClientAuthentication,
} from '../../src/oauth/client-authentication.js';

const SECRET = 'canary-client-secret';

describe.each([
  ['clientSecretPost', clientSecretPost],
  ['clientSecretBasic', clientSecretBasic],
])('%s', (_name, make) => {
  test('shows the secret in no way of printing', () => {
    for (const method of [make(SECRET), make(new Secret(SECRET))]) {
      const shown = `${inspect(method, { showHidden: true, depth: Infinity })} ${String(method)} ${JSON.stringify({ method })}`;
      expect(shown).not.toContain('canary');
    }
  });

  test('proves the same with a string and a Secret', async () => {
    const prove = async (secret: string | Secret): Promise<unknown> => {
      const form = new URLSearchParams();
      const headers = new Headers();
      await make(secret)({ issuer: 'https://idp.example' }, { client_id: 'C1' }, form, headers);
      return { form: form.toString(), authorization: headers.get('authorization') };
    };
    expect(await prove(new Secret(SECRET))).toEqual(await prove(SECRET));
    expect(JSON.stringify(await prove(SECRET))).toMatch(/canary|Basic /);
  });
});

test('noClientAuthentication sends the client id and no proof', async () => {
  const form = new URLSearchParams();
  const headers = new Headers();
  await noClientAuthentication()({ issuer: 'https://idp.example' }, { client_id: 'C1' }, form, headers);
  expect(form.toString()).toBe('client_id=C1');
  expect([...headers]).toEqual([]);
});
