import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ConcealedValues } from './concealed-values.js';
import { guestJwtOf, recordedRequest } from './recorded-request.js';
import type { RecordedRequest } from './recorded-request.js';

/** Stands before the emulator, writes down what is asked and passes it on. */
export interface RecordingProxy {
  readonly url: string;
  /** What was asked since the last time, in its order. */
  take(): RecordedRequest[];
  close(): Promise<void>;
}

/** Where each kind of token comes from, for its name. */
const ORIGINS: Record<string, string> = {
  authorization_code: 'the code exchange',
  refresh_token: 'the refresh',
  client_credentials: 'client credentials',
  'urn:cisco:oauth:grant-type:scope-reduction': 'the scope reduction',
};

/** Starts the proxy on a free loopback port. `values` learns the tokens that are issued. */
export async function startRecordingProxy(
  target: string,
  { values }: { values: ConcealedValues },
): Promise<RecordingProxy> {
  const recorded: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: asked = '', rawHeaders } = request;
    const body = await text(request);
    const arrived = { method, target: asked, rawHeaders, body };
    const jwt = guestJwtOf(arrived);
    if (jwt !== undefined) values.add(jwt, 'guest JWT');
    recorded.push(recordedRequest(arrived, values));
    const onward = sendRequest(new URL(asked, target), { method, headers: request.headers });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    // Addresses that the emulator hands out lead through here as well.
    const said = (await text(answer)).replaceAll(new URL(target).host, new URL(url).host);
    learn(said, { target: asked, body });
    const {
      'content-length': _length,
      'transfer-encoding': _coding,
      connection: _hop,
      ...headers
    } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, headers).end(said);
  }

  function learn(said: string, sent: { target: string; body: string }): void {
    const answer = parsed(said);
    const grant = new URLSearchParams(sent.body).get('grant_type') ?? '';
    const origin = ORIGINS[grant] ?? (sent.target.endsWith('/jwt/login') ? 'the JWT login' : undefined);
    if (origin === undefined) return;
    const tokens = {
      'access token': answer['access_token'] ?? answer['token'],
      'refresh token': answer['refresh_token'],
    };
    for (const [kind, token] of Object.entries(tokens)) {
      if (typeof token === 'string') values.add(token, `${kind} of ${origin}`);
    }
  }

  return {
    url,
    take: () => recorded.splice(0),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function parsed(said: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(said) as object) };
  } catch {
    return {};
  }
}
