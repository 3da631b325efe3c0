import { describe, expect, it } from 'vitest';
import { startWorld } from '../support/principals.js';

describe('subjects of the library’s own', () => {
  const RESERVED = ['service-app:x', 'guest:visitor', 'bot:1', 'client:spark:all'];

  it.each(RESERVED)('%s is refused for imports, devices, Webex.init and the login hook', async (subject) => {
    const world = await startWorld();
    const auth = await world.auth({ login: { subject: () => subject } });
    const refused = { code: 'CONFIGURATION_INVALID' };
    await expect(auth.grants.import(subject, { access_token: 'abc' })).rejects.toMatchObject(refused);
    await expect(auth.device({ subject, onPrompt: () => undefined })).rejects.toMatchObject(refused);
    expect(() => world.webex({ subject, credentials: { access_token: 'abc' } })).toThrow(/subject/);
    expect(await world.signIn(auth)).toBe('');
    expect(await auth.grants.list()).toEqual([]);
  });

  it('a handle of one is nobody to sign in: nothing is exchanged or stored', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    const token = world.emulator.issueBotToken();
    const bot = await auth.bot(token);
    const requests = world.emulator.ledger.entries.length;
    const refused = { code: 'CONFIGURATION_INVALID' };
    await expect(bot.authorization.requestAccessTokenFromJwt({ jwt: 'a.b.c' })).rejects.toMatchObject(
      refused,
    );
    await expect(bot.authorization.requestAuthorizationCodeGrant({ code: 'c' })).rejects.toMatchObject(
      refused,
    );
    expect(world.emulator.ledger.entries.length).toBe(requests);
    expect((await auth.token(bot.subject)).accessToken).toBe(token);
  });

  it.each(['', 5, null])('%j is no subject at all', async (subject) => {
    const world = await startWorld();
    const auth = await world.auth();
    await expect(auth.grants.import(subject as string, { access_token: 'abc' })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
    expect(() => world.webex({ subject: subject as string, credentials: { access_token: 'abc' } })).toThrow(
      /subject/,
    );
    expect(await auth.grants.list()).toEqual([]);
  });
});
