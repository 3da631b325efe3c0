// The defects of Webex's own SDK on Node.js, one by one (docs/coming-from-webex-js-sdk.md): tokens that go where they must not.
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Fault } from '../../src/emulator/emulator.js';
import { MissingScopeError, type Webex } from '../../src/index.js';
import { createLeakScanner, type LeakScanner } from '../support/leak-scanner.js';
import { startRig, type Rig } from './rig.js';

describe('defect 15: no secret is printed', () => {
  function scanned(rig: Rig): LeakScanner {
    const scanner = createLeakScanner();
    scanner.watch(rig.credentials.client_secret, 'client secret');
    return scanner;
  }

  function watchTokens(scanner: LeakScanner, webex: Webex): void {
    const { access_token = '', refresh_token = '' } = webex.credentials.supertoken ?? {};
    // The end of an opaque token is the organisation, which is no secret.
    scanner.watch(access_token.split('_')[0] ?? '', 'access token');
    scanner.watch(refresh_token.split('_')[0] ?? '', 'refresh token');
  }

  function scanPrinted(scanner: LeakScanner, where: string, value: unknown): void {
    scanner.scanText(where, inspect(value, { depth: Infinity, showHidden: true, getters: false }));
    scanner.scanText(where, JSON.stringify(value));
    scanner.scanText(where, String(value));
  }

  it.each(['development', 'production'])(
    'in a whole life with NODE_ENV=%s, whatever is logged',
    async (mode) => {
      vi.stubEnv('NODE_ENV', 'test');
      onTestFinished(() => void vi.unstubAllEnvs());
      const rig = await startRig();
      vi.stubEnv('NODE_ENV', mode);
      for (const name of ['ENABLE_NETWORK_LOGGING', 'ENABLE_VERBOSE_NETWORK_LOGGING'])
        vi.stubEnv(name, 'true');
      vi.stubEnv('WEBEX_LOG_LEVEL', 'trace');
      const scanner = scanned(rig);
      const output = scanner.captureOutput();
      const webex = await rig.open();
      const code = await rig.code(webex);
      scanner.watch(code.split('_')[0] ?? '', 'code');
      await webex.authorization.requestAuthorizationCodeGrant({ code });
      watchTokens(scanner, webex);
      await webex.refresh();
      watchTokens(scanner, webex);
      for (const value of [webex, webex.credentials, webex.credentials.supertoken, webex.config])
        scanPrinted(scanner, 'printed', value);
      await webex.logout();
      output.stop();
      scanner.assertClean();
    },
  );

  it('nor by a start, a sign-in and a refresh by themselves anything at all', async () => {
    const rig = await startRig();
    const { recordOutput } = await import('../support/output-capture.js');
    const recording = recordOutput();
    const webex = await rig.open();
    await rig.signIn(webex);
    await webex.refresh();
    await webex.logout();
    expect([...recording.stop()].map(([way, text]) => [way, text.toString()])).toEqual([]);
  });

  it.each(['Bearer  ', 'bearer ', '  Bearer '])('of a token written as %j', async (before) => {
    const rig = await startRig();
    const scanner = scanned(rig);
    const token = scanner.canary('given token');
    const output = scanner.captureOutput();
    const webex = await rig.open({ credentials: { access_token: `${before}${token}` } });
    expect(webex.credentials.supertoken?.toHeader()).toBe(`Bearer ${token}`);
    output.stop();
    scanner.assertClean();
  });

  it('of a token that cannot be one: the error names its place', async () => {
    const rig = await startRig();
    const scanner = scanned(rig);
    const token = scanner.canary('given token');
    let thrown: unknown;
    try {
      rig.init({ credentials: { access_token: `Bearer ${token}\n` + token } });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ problems: [{ setting: 'credentials.access_token' }] });
    scanPrinted(scanner, 'error', thrown);
    scanner.scanText('error', String((thrown as Error).stack));
    scanner.assertClean();
  });

  it('when a refresh brings the same token, nor by any error of the token endpoint', async () => {
    const rig = await startRig({ refreshMode: 'same-access' });
    const scanner = scanned(rig);
    const output = scanner.captureOutput();
    const webex = await rig.open();
    await rig.signIn(webex);
    watchTokens(scanner, webex);
    const { access_token, refresh_token } = webex.credentials.supertoken ?? {};
    await webex.refresh();
    expect(webex.credentials.supertoken?.access_token).toBe(access_token);
    const echo = {
      error: 'invalid_request',
      error_description: `${String(access_token)} ${String(refresh_token)}`,
    };
    rig.emulator.faults.add({ route: 'POST /v1/access_token', status: 400, body: echo });
    const error: unknown = await webex.refresh().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    scanPrinted(scanner, 'error', error);
    scanner.scanText('stack', String((error as Error).stack));
    output.stop();
    scanner.assertClean();
  });
});

describe('defect 16: a token with fewer scopes that cannot be had is an error, never the full token', () => {
  const REDUCTION: Fault['route'] = ({ grantType }) => grantType?.endsWith('scope-reduction') === true;

  it.each<[string, Omit<Fault, 'route'>, string]>([
    ['400', { status: 400, body: { error: 'invalid_scope' } }, 'SCOPE_REDUCTION_FAILED'],
    ['403', { status: 403 }, 'SCOPE_REDUCTION_FAILED'],
    ['500', { status: 500 }, 'SERVICE_UNAVAILABLE'],
    ['a reset', { resetBefore: true }, 'NETWORK_ERROR'],
    ['no JSON', { status: 200, body: '<html>' }, 'SCOPE_REDUCTION_FAILED'],
  ])('after %s', async (_, fault, code) => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.faults.add({ route: REDUCTION, ...fault });
    await expect(webex.credentials.getUserToken('spark:people_read')).rejects.toMatchObject({ code });
  });

  it('nor for a scope that was never granted; nothing is asked then', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    rig.emulator.ledger.clear();
    const error: unknown = await webex.credentials
      .getUserToken('meetings:write')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MissingScopeError);
    expect(error).toMatchObject({ missingScopes: ['meetings:write'] });
    expect(rig.emulator.ledger.count()).toBe(0);
  });

  it('and what comes carries exactly what was asked for', async () => {
    const rig = await startRig();
    const webex = await rig.open();
    await rig.signIn(webex);
    const reduced = await webex.credentials.getUserToken('spark:people_read');
    expect(reduced.scope).toBe('spark:people_read');
    expect(reduced.access_token).not.toBe(webex.credentials.supertoken?.access_token);
  });
});
