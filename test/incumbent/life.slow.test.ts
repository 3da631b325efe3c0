// The defects of Webex's own SDK on Node.js, one by one (docs/coming-from-webex-js-sdk.md): what becomes of the process.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Emulator } from '../../src/emulator/emulator.js';
import { CLIENT, emulatorForTest, tokensFrom } from '../emulator/emulator-client.js';
import { buildForWorkers } from '../support/worker-build.js';
import { startWorker } from '../support/worker-process.js';
import type { LifeSettings } from './life-settings.js';

const TOKEN = 'POST /v1/access_token';
const REVOKE = 'POST /idb/oauth2/v1/revoke';

interface Ended {
  code: number | string | null;
  said: Record<string, unknown> | undefined;
}

/** Lives one story in a process of its own; `before` is run when its tokens are there. */
async function live(
  story: LifeSettings['story'],
  before: (emulator: Emulator) => void = () => undefined,
): Promise<Ended & { emulator: Emulator }> {
  const emulator = await emulatorForTest({ lifetimes: { accessToken: 3_600 } });
  const { access_token, refresh_token, expires_in } = await tokensFrom(emulator);
  const { clientId: client_id, clientSecret: client_secret, redirectUris } = CLIENT;
  const [redirect_uri = ''] = redirectUris;
  const credentials = { client_id, client_secret, redirect_uri, access_token, refresh_token, expires_in };
  const settings: LifeSettings = { story, credentials, endpoints: emulator.endpoints };
  before(emulator);
  const script = new URL('test/incumbent/life.worker.js', await buildForWorkers());
  const worker = await startWorker(script, { args: [JSON.stringify(settings)] });
  onTestFinished(() => void worker.child.kill('SIGKILL'));
  worker.go();
  const code = await worker.ended;
  return { code, said: worker.said.find((line) => line['ready'] !== true), emulator };
}

it('a rejection that nobody handles would be seen', async () => {
  expect(await live('control')).toMatchObject({ code: 1 });
});

describe('defect 2: what fails in the background kills no process, and is tried again', () => {
  it.each([
    ['500', { status: 500 }],
    ['429', { retryAfter: 7 }],
    ['no answer', { resetBefore: true as const }],
    ['no JSON', { status: 200, body: '<html>' }],
  ])('a refresh that gets %s', async (_, fault) => {
    const { code, said } = await live('refreshedInTheBackground', ({ faults }) => {
      faults.add({ route: TOKEN, times: 4, ...fault });
    });
    expect(code).toBe(0);
    expect(said).toMatchObject({ told: { 'token:refresh': 1 }, canAuthorize: true });
    expect((said?.['told'] as Record<string, number>)['auth:error']).toBeGreaterThan(0);
  });

  it('a refresh that is refused for good, which is told', async () => {
    const { code, said } = await live('refreshedInTheBackground', (emulator) => emulator.revokeAll());
    expect(code).toBe(0);
    expect(said).toMatchObject({
      told: { 'auth:error': 1, unauthorized: 1, 'client:InvalidRequestError': 1 },
    });
  });

  it('two refreshes where revoking is broken', async () => {
    const { code, said, emulator } = await live('refreshedTwice', ({ faults }) => {
      faults.add({ route: REVOKE, status: 500 });
    });
    expect([code, said]).toEqual([0, { refreshed: true }]);
    expect(emulator.ledger.count('refresh_token')).toBe(2);
  });

  it('a token that had ended at the start, and cannot be renewed', async () => {
    const { code, said } = await live('expiredAtTheStart', ({ faults }) => {
      faults.add({ route: TOKEN, status: 500 });
    });
    expect(code).toBe(0);
    expect((said?.['told'] as Record<string, number>)['auth:error']).toBeGreaterThan(0);
  });
});

describe('defect 4: logout() does not crash the process', () => {
  it('when Webex takes it', async () => {
    const { code, said, emulator } = await live('loggedOut');
    expect([code, said]).toEqual([0, { logout: { existed: true, revoked: true }, canAuthorize: false }]);
    expect(emulator.ledger.count(REVOKE)).toBe(1);
  });

  it('when Webex is unwell', async () => {
    const { code, said } = await live('loggedOut', ({ faults }) => {
      faults.add({ route: REVOKE, status: 500 });
    });
    expect(code).toBe(0);
    expect(said).toMatchObject({ logout: { revoked: false, error: 'SERVICE_UNAVAILABLE' } });
  });
});

describe('defect 13: an instance that is dropped is given back', () => {
  it('fifty of fifty, with their stores', async () => {
    const { code, said } = await live('dropped');
    expect([code, said]).toEqual([0, { closed: [0, 0], open: [0, 0] }]);
  });

  it('and an application that forgets to close one ends by itself', async () => {
    expect(await live('leftAlone')).toMatchObject({ code: 0, said: { status: 200 } });
  });
});

describe('defect 17: a store that fails at the start', () => {
  it('rejects whenReady() with the reason', async () => {
    expect(await live('storeFailsSeen')).toMatchObject({ code: 0, said: { rejected: 'the disk is gone' } });
  });

  it('and crashes nothing where nobody waits for it', async () => {
    expect(await live('storeFailsUnseen')).toMatchObject({ code: 0, said: { ready: false } });
  });
});
