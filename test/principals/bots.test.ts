import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/emulator/emulator.js';
import type { Webex, WebexAuth, WebexOptions } from '../../src/index.js';
import { nextEvent, recordEvents, startWorld, type World } from '../support/principals.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PROBE = 'GET /v1/people/me';

async function tokenOf(webex: Webex): Promise<string> {
  return (await webex.credentials.getUserToken()).access_token;
}

describe('a bot', () => {
  async function withBot(
    options: Parameters<World['auth']>[0] = {},
  ): Promise<{ world: World; auth: WebexAuth; bot: Webex; token: string }> {
    const world = await startWorld();
    const auth = await world.auth({ scheduler: true, ...options });
    const token = world.emulator.issueBotToken();
    const bot = await auth.bot(token);
    world.emulator.ledger.clear();
    return { world, auth, bot, token };
  }

  it('is checked at people/me once in verifyEvery, and kept without token:refresh', async () => {
    const { world, auth, bot, token } = await withBot();
    const events = recordEvents(auth);
    for (let day = 1; day <= 3; day++) {
      world.clock.jump(DAY);
      await world.pass(6_000);
      expect(world.count(PROBE)).toBe(day);
      await world.pass(12_000);
      expect(world.count(PROBE)).toBe(day);
    }
    expect(events).toEqual([]);
    expect(await auth.grants.get(bot.subject)).toMatchObject({
      kind: 'bot',
      state: 'live',
      lastError: undefined,
    });
    expect((await auth.token(bot.subject)).accessToken).toBe(token);
  });

  it('is dead after a 401, is not served any more, and asks for another token', async () => {
    const { world, auth, bot, token } = await withBot();
    const told = nextEvent(auth, 'unauthorized');
    world.emulator.revokeToken(token);
    world.clock.jump(DAY);
    await world.clock.advance(6_000);
    const { subject } = bot;
    expect(await told).toMatchObject({ subject, kind: 'dead', reason: 'revoked', action: 'replace_token' });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'dead' });
    await world.settle();
    await expect(auth.token(subject)).rejects.toMatchObject({
      code: 'REAUTH_REQUIRED',
      action: 'replace_token',
    });
    expect(bot.canAuthorize).toBe(false);
    world.emulator.ledger.clear();
    await expect(bot.request({ resource: 'rooms' })).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
    expect(world.count(() => true)).toBe(0);

    const next = world.emulator.issueBotToken();
    expect((await auth.bot(next)).subject).toBe(subject);
    expect((await auth.token(subject)).accessToken).toBe(next);
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live', reason: undefined });
  });

  it('is kept after a 403, which only says that its scopes do not reach people/me', async () => {
    const { world, auth, bot } = await withBot();
    const events = recordEvents(auth);
    world.emulator.faults.add({ route: PROBE, status: 403 });
    world.clock.jump(DAY);
    await world.pass(6_000);
    expect(world.count(PROBE)).toBe(1);
    expect(events).toEqual([]);
    expect(await auth.grants.get(bot.subject)).toMatchObject({ state: 'live', lastError: undefined });
  });

  it.each<[string, Omit<Fault, 'route'>, string]>([
    ['500', { status: 500 }, 'SERVICE_UNAVAILABLE'],
    ['429', { retryAfter: 90 }, 'RATE_LIMITED'],
    ['a timeout', { delayBeforeMs: 40_000 }, 'TIMEOUT'],
    ['a reset', { resetBefore: true }, 'NETWORK_ERROR'],
    ['another server', { status: 200, body: '<html>' }, 'PROTOCOL_ERROR'],
  ])('is kept after %s, and asked for again later', async (_, fault, code) => {
    const { world, auth, bot, token } = await withBot();
    const events = recordEvents(auth);
    const trouble = world.emulator.faults.add({ route: PROBE, ...fault });
    world.clock.jump(DAY);
    await world.pass(6_000);
    for (let waited = 0; waited < 130_000 && events.length === 0; waited += 10_000) await world.pass(10_000);
    await world.pass(5_000);
    expect(events.map(([name, { code: said }]) => [name, said])).toContainEqual(['auth:error', code]);
    expect(await auth.grants.get(bot.subject)).toMatchObject({ state: 'live' });
    expect((await auth.token(bot.subject)).accessToken).toBe(token);
    trouble.remove();
    world.clock.jump(11 * MINUTE);
    await world.pass(6_000);
    expect(await auth.grants.get(bot.subject)).toMatchObject({ state: 'live', lastError: undefined });
    expect(events.map(([name]) => name)).not.toContain('unauthorized');
  });

  it('that is asked to wait at people/me does not make everybody wait at the token endpoint', async () => {
    const { world, auth } = await withBot();
    const person = await world.signIn(auth);
    world.emulator.faults.add({ route: PROBE, retryAfter: 3_600 });
    world.clock.jump(DAY);
    await world.pass(6_000);
    await expect(auth.refresh(person)).resolves.toMatchObject({ state: 'live', lastError: undefined });
  });

  it('is checked exactly once by four processes over one store', async () => {
    const { world, bot, token } = await withBot();
    const others = await Promise.all([1, 2, 3].map(() => world.auth({ scheduler: true })));
    for (const other of others) expect((await other.token(bot.subject)).accessToken).toBe(token);
    world.emulator.ledger.clear();
    world.clock.jump(DAY);
    await world.pass(11_000);
    expect(world.count(PROBE)).toBe(1);
    expect(await others[0]?.grants.get(bot.subject)).toMatchObject({ state: 'live' });
  });

  it('is never checked where verifyEvery is 0', async () => {
    const { world, auth, bot } = await withBot({ verifyEvery: 0 });
    expect(await auth.grants.get(bot.subject)).toMatchObject({ dueAt: undefined });
    world.clock.jump(400 * DAY);
    await world.pass(6_000);
    expect(world.count(PROBE)).toBe(0);
    await expect(auth.refresh(bot.subject)).rejects.toMatchObject({ code: 'REAUTH_REQUIRED' });
  });

  it('is checked when the API refuses its token: dead if Webex does so too, else the endpoint is at fault', async () => {
    const { world, auth, bot, token } = await withBot({ scheduler: false });
    const events = recordEvents(auth);
    world.emulator.faults.add({ route: 'GET /v1/rooms', status: 401, times: 1 });
    expect((await bot.fetch('/rooms')).status).toBe(401);
    expect(world.count(PROBE)).toBe(1);
    expect(events).toEqual([]);
    expect((await bot.fetch('/rooms')).status).toBe(200);

    await world.clock.advance(31_000);
    world.emulator.revokeToken(token);
    await expect(bot.request({ resource: 'rooms' })).rejects.toMatchObject({
      code: 'REAUTH_REQUIRED',
      action: 'replace_token',
    });
    expect(await auth.grants.get(bot.subject)).toMatchObject({ state: 'dead' });
  });

  it('is not taken with a token that Webex does not know, nor with what is no token', async () => {
    const world = await startWorld();
    const auth = await world.auth();
    await expect(auth.bot('never-issued')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(auth.bot('two words')).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect(await auth.grants.list()).toEqual([]);
  });
});

describe('an access token alone', () => {
  const withToken = async (
    credentials: (token: string) => WebexOptions['credentials'],
  ): Promise<{ world: World; webex: Webex; token: string }> => {
    const world = await startWorld();
    const token = world.emulator.issuePersonalToken();
    const webex = world.webex({ scheduler: true, credentials: credentials(token) });
    await webex.whenReady();
    world.emulator.ledger.clear();
    return { world, webex, token };
  };

  it('without a known end is served until Webex refuses it', async () => {
    const { world, webex, token } = await withToken((access_token) => ({ access_token }));
    const told = nextEvent(webex, 'unauthorized');
    expect(webex.credentials).toMatchObject({ canRefresh: false, canAuthorize: true });
    expect(await tokenOf(webex)).toBe(token);
    world.clock.jump(DAY);
    await world.clock.advance(6_000);
    expect(await told).toMatchObject({ kind: 'dead', action: 'replace_token' });
    await world.settle();
    expect(webex.canAuthorize).toBe(false);
    await expect(tokenOf(webex)).rejects.toMatchObject({ code: 'REAUTH_REQUIRED', action: 'replace_token' });
  });

  it('with a known end is served until then, and never checked nor renewed', async () => {
    const { world, webex, token } = await withToken((access_token) => ({ access_token, expires_in: 7_200 }));
    world.clock.jump(2 * HOUR - 20_000);
    await world.pass(6_000);
    expect(await tokenOf(webex)).toBe(token);
    world.clock.jump(20_000);
    await expect(tokenOf(webex)).rejects.toMatchObject({ code: 'REAUTH_REQUIRED', action: 'replace_token' });
    expect(world.count(() => true)).toBe(0);
  });
});
