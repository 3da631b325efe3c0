#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { emulate, type EmulateOptions } from './emulate.js';
import { failureLine } from './failure-line.js';
import { serve, type ServeOptions } from './serve.js';

/** Exit codes: 0 done, 1 it did not work, 2 the command line is wrong. */
const FAILED = 1;
const USAGE = 2;

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('webex-auth')
  .description('Webex OAuth for Node.js servers: sign in, keep tokens encrypted, hand out fresh ones.')
  .version(manifest.version)
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 it did not work, 2 the command line is wrong.');

program
  .command('serve')
  .description('run the gateway; with no WEBEX_* setting, on loopback, with an emulated Webex beside it')
  .option('--port <port>', 'port to listen on (PORT, 8787)')
  .option('--host <host>', 'address to listen on (HOST, 127.0.0.1)')
  .option('--data-dir <path>', 'where vault and key are kept (WEBEX_AUTH_HOME)')
  .option('--behind-tls-proxy', 'a TLS proxy stands in front: listen beyond loopback in plain http')
  .addHelpText(
    'after',
    '\nExample:\n  $ WEBEX_CLIENT_ID=… WEBEX_CLIENT_SECRET=… webex-auth serve --port 9000',
  )
  .action((options: ServeOptions) => serve(options));

program
  .command('emulator')
  .description(
    'run an emulated Webex on loopback, for tests and demonstrations; its accounts and tokens are fake',
  )
  .option('--port <port>', 'port to listen on (EMULATOR_PORT, 8788)')
  .option('--data-dir <path>', 'keep its state there over restarts')
  .requiredOption('--redirect-uri <uri...>', 'redirect URIs of the application to be emulated for')
  .addHelpText(
    'after',
    '\nExample:\n  $ webex-auth emulator --redirect-uri http://localhost:3000/auth/webex/callback',
  )
  .action((options: EmulateOptions) => emulate(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    process.stderr.write(`webex-auth: ${failureLine(error)}\n`);
    process.exitCode = FAILED;
  }
}
