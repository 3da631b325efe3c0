import { describe, expect, test } from 'vitest';
import { startEmulator } from '../../src/emulator/emulator.js';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import { CLIENT, callApi, emulatorForTest, probe, refreshWith, tokensFrom } from './emulator-client.js';

const newDirectory = temporaryDirectories();
const OPAQUE = /^FAKE[A-Za-z0-9]{60}_EMUL_[0-9a-f-]{36}$/;
const HOUR_MS = 3_600_000;

const still = (options: EmulatorOptions = {}): Promise<Emulator> =>
  emulatorForTest({ clock: fakeClock(), ...options });

async function meOf(emulator: Emulator, token: string): Promise<Record<string, unknown>> {
  return (await (await callApi(emulator, '/people/me', token)).json()) as Record<string, unknown>;
}

describe('a bot', () => {
  test('has a token without an end', async () => {
    const emulator = await still({ tokenFormat: 'jwt' });
    const token = emulator.issueBotToken({ displayName: 'Lunch Bot' });
    expect(token).toMatch(OPAQUE);
    expect(await meOf(emulator, token)).toMatchObject({
      type: 'bot',
      displayName: 'Lunch Bot',
      emails: ['lunch-bot@webex.bot'],
    });
    emulator.clock.advance(50 * 365 * 24 * HOUR_MS);
    expect(await probe(emulator, token)).toBe(200);
    expect((await refreshWith(emulator, token)).status).toBe(400);
  });

  test('reads and writes messages as itself', async () => {
    const emulator = await still();
    const token = emulator.issueBotToken();
    const { id } = await meOf(emulator, token);
    const rooms = (await (await callApi(emulator, '/rooms', token)).json()) as { items: { id: string }[] };
    const body = JSON.stringify({ roomId: rooms.items[0]?.id, text: 'hello' });
    const posted = await callApi(emulator, '/messages', token, { method: 'POST', body });
    expect(await posted.json()).toMatchObject({ personId: id, text: 'hello' });
  });

  test('is one for each name; another token ends the one before it', async () => {
    const emulator = await still();
    const [lunch, lift] = ['Lunch', 'Lift'].map((displayName) => emulator.issueBotToken({ displayName }));
    const { id } = await meOf(emulator, lunch ?? '');
    const again = emulator.issueBotToken({ displayName: 'Lunch' });
    expect(again).not.toBe(lunch);
    expect((await meOf(emulator, again))['id']).toBe(id);
    expect(await probe(emulator, lunch ?? '')).toBe(401);
    expect(await probe(emulator, lift ?? '')).toBe(200);
  });

  test('is still known after a restart, and its token not kept', async () => {
    const dataDir = newDirectory();
    const before = await startEmulator({ clients: [CLIENT], dataDir });
    const token = before.issueBotToken();
    const me = await meOf(before, token);
    await before.close();
    const after = await startEmulator({ clients: [CLIENT], dataDir });
    expect(await meOf(after, token)).toEqual(me);
    await after.close();
  });
});

describe('a personal token', () => {
  test('is good for twelve hours, and is not refreshed', async () => {
    const emulator = await still({ tokenFormat: 'jwt' });
    const token = emulator.issuePersonalToken('grace@example.com');
    expect(token).toMatch(OPAQUE);
    expect(await meOf(emulator, token)).toMatchObject({ type: 'person', emails: ['grace@example.com'] });
    expect((await refreshWith(emulator, token)).status).toBe(400);
    emulator.clock.advance(12 * HOUR_MS - 1);
    expect(await probe(emulator, token)).toBe(200);
    emulator.clock.advance(1);
    expect(await probe(emulator, token)).toBe(401);
  });

  test('is that of the first person unless somebody is named, who must be known', async () => {
    const emulator = await still();
    const me = await meOf(emulator, emulator.issuePersonalToken());
    expect(me['emails']).toEqual([emulator.users[0]?.email]);
    expect(() => emulator.issuePersonalToken('nobody')).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_USER' }),
    );
  });

  test('opens everything a person may do, but what only a service app may', async () => {
    const scopes = ['spark:people_read', 'guest-issuer:write', 'cjp:config'];
    const emulator = await still({ clients: [{ ...CLIENT, scopes }] });
    const token = emulator.issuePersonalToken();
    expect((await callApi(emulator, '/rooms', token)).status).toBe(200);
    expect((await callApi(emulator, '/guests/count', token)).status).toBe(403);
  });
});

describe('revokeToken', () => {
  test.each(['bot', 'personal'])('ends a %s token', async (kind) => {
    const emulator = await still();
    const token = kind === 'bot' ? emulator.issueBotToken() : emulator.issuePersonalToken();
    const other = emulator.issueBotToken({ displayName: 'Another' });
    emulator.revokeToken(token);
    expect([await probe(emulator, token), await probe(emulator, other)]).toEqual([401, 200]);
  });

  test('ends an access token alone, and with a refresh token its family', async () => {
    const emulator = await still();
    const first = await tokensFrom(emulator);
    const second = (await refreshWith(emulator, first.refresh_token)).body;
    emulator.revokeToken(first.access_token);
    expect([await probe(emulator, first.access_token), await probe(emulator, second.access_token)]).toEqual([
      401, 200,
    ]);
    emulator.revokeToken(first.refresh_token);
    expect(await probe(emulator, second.access_token)).toBe(401);
    emulator.revokeToken('made-up');
  });
});
