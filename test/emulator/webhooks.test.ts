import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../support/fake-clock.js';
import { temporaryDirectories } from '../support/temporary-directory.js';
import {
  askServiceApp,
  ADMIN,
  ORG,
  OTHER_ORG,
  SERVICE_APP,
  idOf,
  serviceAppEmulator,
} from './service-app-client.js';
import { tokensFrom } from './emulator-client.js';

const directory = temporaryDirectories();
const SECRET = 'a-webhook-secret-of-the-test';

interface Told {
  headers: IncomingHttpHeaders;
  raw: string;
  body: Record<string, unknown> & { data: Record<string, unknown> };
}

/** A receiver on a free port. `answer` may leave the sender waiting. */
async function receiver(answer: (response: ServerResponse) => void = (response) => response.end()) {
  const told: Told[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    let raw = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (raw += chunk));
    request.on('end', () => {
      told.push({ headers: request.headers, raw, body: JSON.parse(raw) as Told['body'] });
      answer(response);
      waiting.shift()?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`;
  return { url, told, next: () => new Promise<void>((resolve) => waiting.push(resolve)) };
}

describe('a webhook', () => {
  test('tells who decided about which app, signed over the raw body', async () => {
    const emulator = await serviceAppEmulator();
    const { url, told } = await receiver();
    const { id } = emulator.registerWebhook({ targetUrl: url, secret: SECRET });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
    expect(told).toHaveLength(1);
    const [{ headers, raw, body }] = told as [Told];
    expect(headers['x-spark-signature']).toBe(createHmac('sha1', SECRET).update(raw).digest('hex'));
    expect(headers['content-type']).toBe('application/json');
    const [ada, , linus] = emulator.users;
    const instant: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(body).toEqual({
      id,
      name: 'Service app decisions',
      targetUrl: url,
      resource: 'serviceApp',
      event: 'authorized',
      // The organisation of the webhook, which is not the one that decided.
      orgId: idOf('ORGANIZATION', ORG),
      createdBy: ada?.personId,
      appId: idOf('APPLICATION', ADMIN.clientId),
      ownedBy: 'creator',
      status: 'active',
      created: instant,
      actorId: linus?.personId,
      data: {
        id: idOf('APPLICATION', SERVICE_APP.clientId),
        authorizerOrgId: idOf('ORGANIZATION', OTHER_ORG),
        authorizationDate: instant,
      },
    });
    expect(raw).not.toContain(SECRET);
    await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
    const { id: app, authorizerOrgId } = body.data;
    expect(told[1]?.body).toMatchObject({ event: 'deauthorized', data: { id: app, authorizerOrgId } });
    expect(emulator.webhooks.deliveries.map(({ event, status }) => [event, status])).toEqual([
      ['authorized', 200],
      ['deauthorized', 200],
    ]);
  });

  test('is told when tokens can be had, and when they have ended', async () => {
    const emulator = await serviceAppEmulator();
    const { access_token: token } = await tokensFrom(emulator, { scope: 'spark:people_read' });
    const statuses: Promise<number>[] = [];
    const { url } = await receiver((response) => {
      statuses.push(
        askServiceApp(emulator, { token }).then(({ status }) => {
          response.end();
          return status;
        }),
      );
    });
    emulator.registerWebhook({ targetUrl: url });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(await Promise.all(statuses)).toEqual([200, 403]);
  });

  test('hears of a change once, and of no decision that changes nothing', async () => {
    const emulator = await serviceAppEmulator();
    const { url, told } = await receiver();
    emulator.registerWebhook({ targetUrl: url, secret: SECRET });
    await emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(told.map(({ body }) => body['event'])).toEqual(['authorized']);
  });

  test('of somebody else hears nothing; without a secret it is not signed', async () => {
    const emulator = await serviceAppEmulator();
    const [mine, other] = [await receiver(), await receiver()];
    emulator.registerWebhook({ targetUrl: mine.url, owner: 'ada@example.com', name: 'Mine' });
    emulator.registerWebhook({ targetUrl: other.url, owner: 'linus@example.org' });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(other.told).toEqual([]);
    expect(mine.told[0]?.body['name']).toBe('Mine');
    expect(mine.told[0]?.headers).not.toHaveProperty('x-spark-signature');
  });

  test('that fails, redirects or is not there holds nothing up', async () => {
    const emulator = await serviceAppEmulator();
    const elsewhere = await receiver();
    const failing = await receiver((response) => response.writeHead(500).end());
    const moved = await receiver((response) => response.writeHead(307, { location: elsewhere.url }).end());
    const cut = await receiver((response) => response.socket?.destroy());
    for (const { url } of [failing, moved, cut]) emulator.registerWebhook({ targetUrl: url, secret: SECRET });
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(emulator.webhooks.deliveries.map(({ status }) => status)).toEqual([500, 307, undefined]);
    expect(elsewhere.told).toEqual([]);
  });

  test('that does not answer is waited for two seconds', async () => {
    const clock = fakeClock();
    const emulator = await serviceAppEmulator({ clock });
    const silent = await receiver(() => undefined);
    emulator.registerWebhook({ targetUrl: silent.url, secret: SECRET });
    const arrived = silent.next();
    let isOver = false;
    const authorized = emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG).then(() => (isOver = true));
    await arrived;
    await clock.advance(1999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await authorized;
    expect(emulator.webhooks.deliveries).toEqual([
      { webhookId: expect.any(String) as string, event: 'authorized', at: expect.any(Number) as number },
    ]);
  });

  test('does not keep the emulator from closing', async () => {
    const clock = fakeClock();
    const emulator = await serviceAppEmulator({ clock });
    const silent = await receiver(() => undefined);
    emulator.registerWebhook({ targetUrl: silent.url });
    const arrived = silent.next();
    const authorized = emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    await arrived;
    await emulator.close();
    await authorized;
    expect(clock.timers).toBe(0);
  });

  test('outlives a restart; reset forgets it', async () => {
    const dataDir = directory();
    const { url, told } = await receiver();
    const first = await serviceAppEmulator({ dataDir });
    first.registerWebhook({ targetUrl: url, secret: SECRET });
    await first.close();
    const second = await serviceAppEmulator({ dataDir });
    await second.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(told).toHaveLength(1);
    second.reset();
    expect(second.webhooks.deliveries).toEqual([]);
    await second.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(told).toHaveLength(1);
    await second.close();
  });

  test.each([
    ['another machine', { targetUrl: 'https://attacker.example/hook' }, 'EMULATOR_NOT_LOOPBACK'],
    [
      'a name that begins like this machine',
      { targetUrl: 'http://127.0.0.1.attacker.example/' },
      'EMULATOR_NOT_LOOPBACK',
    ],
    ['any address', { targetUrl: 'http://0.0.0.0:5000/' }, 'EMULATOR_NOT_LOOPBACK'],
    [
      'credentials that look like this machine',
      { targetUrl: 'http://localhost@attacker.example/' },
      'EMULATOR_NOT_LOOPBACK',
    ],
    ['no URL', { targetUrl: 'hook' }, 'EMULATOR_BAD_OPTIONS'],
    ['another scheme', { targetUrl: 'file://localhost/etc/hosts' }, 'EMULATOR_BAD_OPTIONS'],
    ['an empty secret', { targetUrl: 'http://[::1]:5000/', secret: '' }, 'EMULATOR_BAD_OPTIONS'],
    ['an unknown owner', { targetUrl: 'http://localhost:5000/', owner: 'nobody' }, 'EMULATOR_UNKNOWN_USER'],
  ])('is not registered for %s', async (_name, webhook, code) => {
    const emulator = await serviceAppEmulator();
    const failure: unknown = expect.objectContaining({ code }) as unknown;
    expect(() => emulator.registerWebhook(webhook)).toThrow(failure);
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(webhook) };
    expect((await fetch(`${emulator.url}/_emulator/webhooks`, init)).status).toBe(400);
  });

  test('can be registered and looked after by another process, which never sees the secret', async () => {
    const emulator = await serviceAppEmulator();
    const { url, told } = await receiver();
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ targetUrl: url, secret: SECRET }) };
    const registered = await fetch(`${emulator.url}/_emulator/webhooks`, init);
    expect(registered.status).toBe(201);
    const { id } = (await registered.json()) as { id: string };
    await emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    expect(told).toHaveLength(1);
    const listed = await (await fetch(`${emulator.url}/_emulator/webhooks`)).text();
    expect(JSON.parse(listed)).toMatchObject({
      deliveries: [{ webhookId: id, event: 'authorized', status: 200 }],
    });
    expect(listed).not.toContain(SECRET);
  });
});
