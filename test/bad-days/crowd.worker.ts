// One process of a crowd: calls the API for one subject, one call after the other or not at all; told once more, with many callers at once.
import { once } from 'node:events';
import { isWebexAuthError, KeyRing, WebexAuth } from '../../src/index.js';
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.js';
import type { CrowdSettings } from './crowd-settings.js';

const settings = JSON.parse(process.argv[2] ?? '{}') as CrowdSettings;
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const auth = await WebexAuth.open({
  client: settings.client,
  endpoints: settings.endpoints,
  store: sqliteStore({ path: settings.vault }),
  keys: KeyRing.fromEnvironment({ env: { WEBEX_AUTH_KEYS: settings.keys } }),
  scheduler: false,
});
const webex = await auth.user(settings.subject);
const outcomes: string[] = [];
const call = async (): Promise<void> => {
  const outcome = await webex.get('/rooms').then(
    () => 'ok',
    (error: unknown) => (isWebexAuthError(error) ? error.code : 'unknown'),
  );
  outcomes.push(outcome);
};
await webex.get('/people/me');

say({ ready: true });
await once(process.stdin, 'data');
let isCrowd = settings.idle;
const alone = (async () => {
  while (!isCrowd) await call();
})();
await once(process.stdin, 'data');
isCrowd = true;
outcomes.length = 0;
await Promise.all([alone, ...Array.from({ length: settings.callers }, call)]);
await auth.close();
say({ outcomes });
process.exit(0);
