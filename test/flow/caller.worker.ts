// One process of a fleet: opens the shared vault, waits for the start signal, then asks for one subject's token many times at once.
import { once } from 'node:events';
import { KeyRing, WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import type { FleetSettings } from './fleet-settings.js';

const settings = JSON.parse(process.argv[2] ?? '{}') as FleetSettings;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const auth = await WebexAuth.open({
  client: settings.client,
  endpoints: settings.endpoints,
  store: sqliteStore({ path: settings.vault }),
  keys: KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: settings.keys } }),
  scheduler: false,
});
let refreshes = 0;
auth.on('token:refresh', () => void (refreshes += 1));
say({ ready: true });
await once(process.stdin, 'data');
const outcomes = await Promise.allSettled(
  Array.from({ length: settings.callers }, () => auth.token(settings.subject)),
);
const tokens = new Set(
  outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.accessToken] : [])),
);
const failed = outcomes.filter(({ status }) => status === 'rejected').length;
await auth.close();
say({ tokens: [...tokens], failed, refreshes });
process.exit(0);
