import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FlowClient, FlowInput, FlowName, FlowResult } from './flow.js';

type Line = Partial<FlowResult> & { ready?: boolean; fatal?: string };

/** Starts Webex's own SDK in a process of its own, with nothing in its environment but what is given. */
export async function startSdk(env: Readonly<Record<string, string>>): Promise<FlowClient> {
  const script = fileURLToPath(new URL('sdk-flows.cjs', import.meta.url));
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Line> => {
    const said = await lines.next();
    if (said.done) throw new Error(`the SDK's process ended: ${complaints.slice(-2000)}`);
    const line = JSON.parse(said.value) as Line;
    if (line.fatal !== undefined) throw new Error(`the SDK's process failed: ${line.fatal}`);
    return line;
  };
  await next();
  return {
    async run(flow: FlowName, input: FlowInput) {
      child.stdin.write(`${JSON.stringify({ flow, input })}\n`);
      const { value, error, unhandled = [] } = await next();
      return { flow, value, error, unhandled };
    },
    async close() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
