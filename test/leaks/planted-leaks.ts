import { channel } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { ADA_EMAIL, ADA_NAME } from './good-answers.js';
import type { FaultScript } from './run-script.js';

/** Where `PLANTED` tells a secret, as reports name the place. */
export const PLANTED_PLACES = [
  'result of result',
  'error of error',
  'channel webex-auth.event',
  'log line',
  'warning',
  'page',
  'telemetry',
  'store',
  'URL asked for',
  'output of the process',
] as const;

/** A day on which everything is told, in texts with control characters: what finds nothing here would find nothing on other days. */
export const PLANTED: FaultScript = {
  name: 'everything is told',
  outcome: {},
  calls: async ({ cast, evidence, upstream }) => {
    const secret = evidence.mint('planted secret');
    const told = `\u001b[31m${secret}`;
    const { log } = evidence.verbose as { log: (line: string) => void };
    return {
      result: async () => ({ told }),
      error: async () => {
        throw new Error('failed', { cause: new Error(Buffer.from(secret).toString('base64')) });
      },
      elsewhere: async () => {
        channel('webex-auth.event').publish({ name: 'login', payload: { subject: told } });
        log(told);
        log(`signed in: ${ADA_NAME} <${encodeURIComponent(ADA_EMAIL)}>`);
        process.emit('warning', new Error(told));
        evidence.text('page', told);
        trace.getTracer('planted').startSpan('planted', { attributes: { secret } }).end();
        writeFileSync(`${cast.directory}/note`, Buffer.from(secret, 'utf16le'));
        await fetch(`${upstream.origin}/v1/rooms?token=${encodeURIComponent(secret)}`);
        process.stdout.write(`out ${secret.slice(0, 20)}\n`);
        process.stderr.write(`error ${told} ${ADA_EMAIL}\n`);
      },
    };
  },
};
