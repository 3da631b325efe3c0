import type { Emulator } from '../../src/emulator/emulator.js';
import type { ConcealedValues } from './concealed-values.js';
import { FLOWS } from './flow.js';
import type { FlowClient, FlowInput, FlowLog, FlowName } from './flow.js';
import { recordedRequest } from './recorded-request.js';
import type { RecordedRequest } from './recorded-request.js';
import type { RecordingProxy } from './recording-proxy.js';

/** What the flows are done with. */
export interface FlowStage {
  emulator: Emulator;
  proxy: RecordingProxy;
  values: ConcealedValues;
  guest: FlowInput['guest'];
}

/** Does all flows with one client, one after the other. */
export async function runFlows(client: FlowClient, stage: FlowStage): Promise<FlowLog> {
  const { proxy, values, guest } = stage;
  const log = new Map<
    FlowName,
    { result: Awaited<ReturnType<FlowClient['run']>>; requests: RecordedRequest[] }
  >();
  for (const flow of FLOWS) {
    const input = { code: await freshCode(stage), state: 'a state', scope: 'spark:people_read', guest };
    // A guest is another principal, who needs an instance of their own; its start was compared before.
    if (flow === 'JWT login') await client.run('start', input);
    proxy.take();
    const result = await client.run(flow, input);
    const requests = proxy.take();
    if (flow.endsWith('address') && typeof result.value === 'string') {
      if (URL.canParse(result.value)) requests.push(addressAsRequest(result.value, values));
      else result.error = 'an address that is no URL';
      result.value = true;
    }
    log.set(flow, { result, requests });
  }
  return log;
}

async function freshCode({ emulator, values }: FlowStage): Promise<string> {
  const [client] = emulator.clients;
  if (!client) throw new Error('the emulator has no client');
  const address = new URL(emulator.endpoints.idbrokerAuthorizationEndpoint);
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUris[0] ?? '',
    scope: client.scopes.join(' '),
    state: 'a state',
  }).toString();
  const code = new URL(await emulator.signIn(address.href)).searchParams.get('code') ?? '';
  values.add(code, 'code');
  return code;
}

// The browser sends it, not the client: only the address is the client's.
function addressAsRequest(address: string, values: ConcealedValues): RecordedRequest {
  const { pathname, search, searchParams } = new URL(address);
  for (const name of ['state', 'code_challenge', 'nonce']) {
    const value = searchParams.get(name) ?? '';
    if (/^[\w-]{16,}$/.test(value) && !isJson(value)) values.add(value, 'random');
  }
  return recordedRequest({ method: 'GET', target: pathname + search, rawHeaders: [], body: '' }, values);
}

function isJson(base64: string): boolean {
  return Buffer.from(base64, 'base64url').toString().startsWith('{');
}
