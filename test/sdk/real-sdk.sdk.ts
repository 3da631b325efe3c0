import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startEmulated, type Emulated } from '../support/emulated.js';
import { createLeakScanner } from '../support/leak-scanner.js';
import { comparisonPage, PAGE } from './comparison-page.js';
import { covers, differencesOf, type Difference } from './comparison.js';
import { ConcealedValues } from './concealed-values.js';
import { differences } from './differences.js';
import { FLOWS, type FlowClient, type FlowLog, type FlowName } from './flow.js';
import { startOurs } from './our-flows.js';
import { startRecordingProxy, type RecordingProxy } from './recording-proxy.js';
import { runFlows } from './run-flows.js';
import { startSdk } from './sdk-process.js';

const REDIRECT_URI = 'http://127.0.0.1:8787/auth/callback';
const guest = {
  issuer: 'issuer-of-the-comparison',
  secretId: Buffer.from('5ec2e75ec2e75ec2e75ec2e75ec2e75e').toString('base64'),
  displayName: 'Guest of the comparison',
  expiresIn: 3600,
};

const values = new ConcealedValues();
let emulated: Emulated;
let proxy: RecordingProxy;
let theirs: FlowLog;
let ours: FlowLog;
let found: readonly Difference[];

beforeAll(async () => {
  emulated = await startEmulated({
    clients: [
      {
        clientId: `C${'5d4c'.repeat(16)}`,
        clientSecret: 'fa4e5ec2'.repeat(8),
        redirectUris: [REDIRECT_URI],
        scopes: ['spark:all', 'spark:kms', 'spark:people_read'],
        allowClientCredentials: true,
      },
    ],
    guestIssuers: [{ issuer: guest.issuer, secret: guest.secretId }],
  });
  const { emulator } = emulated;
  const [client] = emulator.clients;
  if (!client) throw new Error('the emulator has no client');
  proxy = await startRecordingProxy(emulator.url, { values });
  values.add(client.clientId, 'client id');
  values.add(client.clientSecret, 'client secret');
  values.add(REDIRECT_URI, 'redirect URI');
  const env = {
    IDBROKER_BASE_URL: proxy.url,
    IDENTITY_BASE_URL: proxy.url,
    HYDRA_SERVICE_URL: `${proxy.url}/v1`,
    U2C_SERVICE_URL: `${proxy.url}/u2c/api/v1`,
    WEBEX_CLIENT_ID: client.clientId,
    WEBEX_CLIENT_SECRET: client.clientSecret,
    WEBEX_REDIRECT_URI: REDIRECT_URI,
    WEBEX_SCOPE: client.scopes.join(' '),
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const allFlows = async (flowClient: FlowClient): Promise<FlowLog> => {
    try {
      return await runFlows(flowClient, { emulator, proxy, values, guest });
    } finally {
      await flowClient.close();
    }
  };
  theirs = await allFlows(await startSdk(env));
  ours = await allFlows(await startOurs());
  found = differencesOf(theirs, ours);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  // Where the beginning failed, they are not there.
  await proxy?.close();
  await emulated?.emulator.close();
});

describe('the emulator with the real SDK as its client', () => {
  it.each(FLOWS)('%s succeeds', (flow) => {
    expect(theirs.get(flow)?.result.error).toBeUndefined();
    expect(theirs.get(flow)?.result.value).toBeDefined();
  });

  it('refuses no request of either client', () => {
    const { ledger } = emulated.emulator;
    expect(ledger.find(({ status = 0 }) => status >= 400)).toEqual([]);
    expect(ledger.count('refresh_token')).toBe(2);
  });
});

describe('our client beside the real SDK', () => {
  // A rejection that it left unhandled would fail the run: it is in this process.
  it.each(FLOWS)('%s succeeds', (flow) => {
    expect(ours.get(flow)?.result.error).toBeUndefined();
    expect(ours.get(flow)?.result.value).toBeDefined();
  });

  it.each(FLOWS)('%s differs only where the table says why', (flow) => {
    const unexplained = found.filter(
      (one) => one.flow === flow && differences.filter((known) => covers(known, one)).length !== 1,
    );
    expect(unexplained).toEqual([]);
  });

  it('differs wherever the table says so', () => {
    const gone = differences.flatMap((known) =>
      known.flows
        .filter((flow: FlowName) => !found.some((one) => one.flow === flow && covers(known, one)))
        .map((flow) => ({ ...known, flows: [flow] })),
    );
    expect(gone).toEqual([]);
  });

  it('gives a reason for each difference', () => {
    expect(differences.filter(({ reason }) => !/^[A-Z`].*\.$/.test(reason))).toEqual([]);
  });

  it('is compared on a page that is up to date: npm run test:sdk -- -u', async () => {
    await expect(await comparisonPage({ theirs, ours }, differences)).toMatchFileSnapshot(PAGE);
  });

  it('has no secret in either log', () => {
    const leaks = createLeakScanner();
    const secrets = values.entries.filter(([, name]) => /token|secret|JWT|code/.test(name));
    expect(new Set(secrets.map(([, name]) => name)).size).toBeGreaterThan(6);
    for (const [secret, name] of secrets) leaks.watch(secret, name);
    for (const log of [theirs, ours]) {
      for (const [flow, { result, requests }] of log) {
        leaks.scanText(flow, JSON.stringify([result, requests.map(({ what, fields }) => [what, ...fields])]));
      }
    }
    leaks.assertClean();
  });
});
