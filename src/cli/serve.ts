import { randomBytes } from 'node:crypto';
import { openDataDirectory } from '../gateway/data-directory.js';
import { DEFAULT_SCOPE, readGatewaySettings } from '../gateway/gateway-settings.js';
import { startGateway, type GatewayUpstream } from '../gateway/gateway.js';
import { sqliteStore } from '../stores/sqlite/sqlite-store.js';
import { startDemoWebex, type DemoWebex } from './demo-webex.js';
import { untilSignal } from './until-signal.js';

/** Options of `webex-auth serve`; each wins over its environment variable. */
export interface ServeOptions {
  port?: string;
  host?: string;
  dataDir?: string;
  behindTlsProxy?: boolean;
}

/** Runs the gateway until a signal ends it. Errors: `ConfigurationError`, those of the vault; nothing is left open then. */
export async function serve(options: ServeOptions): Promise<void> {
  const settings = readGatewaySettings(environment(options));
  const { host, port, home, mode } = settings;
  const directory = openDataDirectory(home);
  const stopped = untilSignal();
  let demo: DemoWebex | undefined;
  const upstream = async (url: string): Promise<GatewayUpstream> => {
    if (mode.kind === 'webex') return { client: mode.client, endpoints: mode.endpoints };
    demo = await startDemoWebex({
      port: mode.emulatorPort,
      home,
      redirectUri: `${url}/auth/callback`,
      scope: DEFAULT_SCOPE,
      clientSecret: randomBytes(24).toString('hex'),
    });
    const { client, emulator } = demo;
    return { client, endpoints: emulator.endpoints, tenant: 'demo', emulator: emulator.url };
  };
  try {
    const store = sqliteStore({ path: directory.vaultPath });
    const gateway = await startGateway({ host, port, store, keys: directory.keys, upstream });
    process.stdout.write(startLines(gateway.url, directory, demo));
    await stopped;
    await gateway.close();
  } finally {
    await demo?.emulator.close();
  }
}

function environment({ port, host, dataDir, behindTlsProxy }: ServeOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(port !== undefined && { PORT: port }),
    ...(host !== undefined && { HOST: host }),
    ...(dataDir !== undefined && { WEBEX_AUTH_HOME: dataDir }),
    ...(behindTlsProxy && { WEBEX_AUTH_BEHIND_TLS_PROXY: '1' }),
  };
}

function startLines(
  url: string,
  { path, vaultPath, keyPath }: { path: string; vaultPath: string; keyPath: string | undefined },
  demo: DemoWebex | undefined,
): string {
  const lines = [
    ['open', url],
    ['data', path],
    ['vault', vaultPath],
    ['key', keyPath ?? 'from WEBEX_AUTH_KEYS'],
  ];
  if (demo) {
    const users = demo.emulator.users.map(({ displayName }) => displayName).join(', ');
    lines.push(['demo', `Webex is emulated at ${demo.emulator.url}; sign in as ${users}`]);
    lines.push(['', 'set WEBEX_CLIENT_ID and WEBEX_CLIENT_SECRET to use Webex itself']);
  }
  return lines.map(([name = '', value = '']) => `${name.padEnd(7)}${value}\n`).join('');
}
