import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import type { EventMessage, RefreshMessage, RequestMessage, RetryMessage } from '../../src/base/tracing.js';
import { isWebexAuthError } from '../../src/index.js';
import { emulatedWebex } from '../seed/emulated-webex.js';
import { createLeakScanner } from '../support/leak-scanner.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** What is published on a channel from now on. */
function heard<Message>(name: string): Message[] {
  const messages: Message[] = [];
  const listener = (message: unknown): void => void messages.push(message as Message);
  subscribe(name, listener);
  stops.push(() => unsubscribe(name, listener));
  return messages;
}

interface Traced<Message> {
  readonly message: Message;
  readonly stages: string[];
}

/** Each piece of traced work from now on, with the stages that are published for it. */
function traced<Message extends object>(name: string): Traced<Message>[] {
  const seen: Traced<Message>[] = [];
  const note = (stage: string) => (message: Message) => {
    const known = seen.find((one) => one.message === message);
    if (known) known.stages.push(stage);
    else seen.push({ message, stages: [stage] });
  };
  const stages = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
  const handlers = Object.fromEntries(stages.map((stage) => [stage, note(stage)])) as never;
  const channel = tracingChannel(name);
  channel.subscribe(handlers);
  stops.push(() => channel.unsubscribe(handlers));
  return seen;
}

describe('the diagnostics channels', () => {
  const webex = emulatedWebex();

  it('tell every request on the wire, every refresh, every retry and every event', async () => {
    const requests = traced<RequestMessage>('webex-auth.request');
    const refreshes = traced<RefreshMessage>('webex-auth.refresh');
    const events = heard<EventMessage>('webex-auth.event');
    const retries = heard<RetryMessage>('webex-auth.retry');
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    const { faults } = webex().emulator;
    faults.add({ route: 'GET /v1/rooms', times: 1, status: 503 });
    await user.request({ uri: '/rooms?max=1' });
    await auth.refresh(subject);
    faults.add({ route: 'GET /v1/rooms', times: 1, resetBefore: true });
    await user.fetch('/rooms', { retry: false }).catch(() => undefined);
    await user.fetch('/rooms', { signal: AbortSignal.abort('mine') }).catch(() => undefined);

    const well = ['start', 'end', 'asyncStart', 'asyncEnd'];
    const ill = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];
    const origin = webex().emulator.url;
    expect(
      requests.map(({ message: { method, path, status, purpose, resends }, stages }) => [
        method,
        path,
        status,
        purpose,
        resends,
        stages,
      ]),
    ).toEqual([
      ['POST', '/v1/access_token', 200, 'authorization', 0, well],
      ['GET', '/v1/people/me', 200, 'authorization', 0, well],
      ['GET', '/v1/rooms', 503, 'api', 0, well],
      ['GET', '/v1/rooms', 200, 'api', 1, well],
      ['POST', '/v1/access_token', 200, 'authorization', 0, well],
      ['GET', '/v1/rooms', undefined, 'api', 0, ill],
    ]);
    for (const { message } of requests) {
      expect(message).toMatchObject({
        origin,
        trackingId: expect.stringMatching(/_/) as string,
        ms: expect.any(Number) as number,
      });
      const known = [
        'method',
        'origin',
        'path',
        'purpose',
        'resends',
        'status',
        'trackingId',
        'ms',
        'code',
        'error',
      ];
      expect(Object.keys(message).filter((key) => !known.includes(key))).toEqual([]);
    }
    expect(requests.at(-1)?.message.error?.code).toBe('NETWORK_ERROR');
    expect(refreshes.map(({ message, stages }) => [message, stages])).toEqual([
      [{ subject, cause: 'manual', outcome: 'refreshed', ms: expect.any(Number) as number }, well],
    ]);
    expect(retries).toMatchObject([{ method: 'GET', origin, attempt: 1, status: 503 }]);
    expect(events.map(({ name }) => name)).toEqual([
      'phase',
      'phase',
      'phase',
      'loaded',
      'phase',
      'phase',
      'ready',
      'degraded',
      'login',
      'token:refresh',
    ]);
    expect(events.at(-1)?.payload).toMatchObject({ subject, cause: 'manual' });
  });

  it('a caller who gives up is told as ABORTED, without the reason', async () => {
    const requests = traced<RequestMessage>('webex-auth.request');
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    webex().emulator.faults.add({ route: 'GET /v1/rooms', times: 1, delayBeforeMs: 5_000 });
    const giveUp = new AbortController();
    const call = user.fetch('/rooms', { signal: giveUp.signal });
    await expect.poll(() => requests.length).toBe(3);
    giveUp.abort({ password: 'mine' });
    await expect(call).rejects.toEqual({ password: 'mine' });
    expect(requests.at(-1)?.message).toMatchObject({ code: 'ABORTED' });
    expect(requests.at(-1)?.message).not.toHaveProperty('error');
  });

  it('B1: hold no secret, whatever is asked of them', async () => {
    const scanner = createLeakScanner();
    const told = [
      traced('webex-auth.request'),
      traced('webex-auth.refresh'),
      heard('webex-auth.event'),
      heard('webex-auth.retry'),
    ];
    const auth = await webex().open({ scheduler: false, login: { subject: () => 'user-42' } });
    scanner.watch(webex().client.clientSecret, 'client secret');
    const { subject } = await webex().signInTo(auth);
    scanner.watch((await auth.token(subject)).accessToken, 'access token');
    const { accessToken } = await auth.token(subject);
    webex().emulator.faults.add({
      route: /rooms/,
      times: 1,
      status: 500,
      headers: { trackingid: `ROUTER_${accessToken.slice(0, 40)}` },
      body: accessToken,
    });
    await (
      await auth.user(subject)
    )
      .request({ uri: '/rooms', method: 'POST', body: { text: accessToken } })
      .catch(() => undefined);
    webex().emulator.faults.add({ route: 'POST /v1/access_token', times: 3, resetAfterProcessing: true });
    await auth.refresh(subject).catch(() => undefined);
    for (const messages of told) scanner.scanValue('messages', messages);
    scanner.assertClean();
    expect(told.map((messages) => messages.length).every((length, at) => length > 0 || at === 3)).toBe(true);
  });

  it('B1: a token that was issued a moment ago is in no tracking id, however the server hides it there', async () => {
    const issued = `Ab1C${'d2E3f4G5'.repeat(6)}`;
    const scanner = createLeakScanner();
    scanner.watch(issued, 'new access token');
    const requests = traced<RequestMessage>('webex-auth.request');
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    const { faults } = webex().emulator;
    // Whole, and in pieces that a tracking id may have.
    const ids = [`R_${issued.slice(0, 40)}`, `R_${issued.slice(0, 12)}-${issued.slice(12, 24)}`];
    const errors: unknown[] = [];
    for (const trackingid of ids) {
      faults.add({
        route: 'POST /v1/access_token',
        times: 1,
        status: 200,
        headers: { trackingid },
        body: { access_token: issued, token_type: 'Bearer', expires_in: 'soon', trackingId: trackingid },
      });
      await auth.refresh(subject).catch((error: unknown) => errors.push(error));
    }
    const [whole = ''] = ids;
    for (const status of [200, 404]) {
      faults.add({ route: 'GET /v1/rooms', times: 1, status, headers: { trackingid: whole }, body: {} });
      await user.request({ uri: '/rooms', retry: false }).catch((error: unknown) => errors.push(error));
    }
    expect(errors.length).toBeGreaterThan(0);
    const found = requests.slice(-4).map(({ message }) => message.trackingId);
    expect(found).toEqual(Array(4).fill(expect.stringMatching(/^webex-auth_[0-9a-f-]{36}_\d+(\+\d)?$/)));
    const told = JSON.stringify([requests, errors.map((error) => ({ ...(error as object) }))]);
    for (const id of ids) expect(told).not.toContain(id);
    scanner.scanValue('messages', requests);
    scanner.scanValue('errors', errors);
    scanner.assertClean();
  });

  it('publish in the context of the caller', async () => {
    const caller = new AsyncLocalStorage<string>();
    const contexts: (string | undefined)[] = [];
    const listener = {
      asyncEnd: () => void contexts.push(caller.getStore()),
      start: () => void contexts.push(caller.getStore()),
    } as never;
    const channel = tracingChannel('webex-auth.request');
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    channel.subscribe(listener);
    stops.push(() => channel.unsubscribe(listener));
    await Promise.all(['a', 'b'].map((name) => caller.run(name, () => user.request({ uri: '/people/me' }))));
    expect(contexts.sort()).toEqual(['a', 'a', 'b', 'b']);
  });
});

describe('trackingId', () => {
  const webex = emulatedWebex();
  const ours = expect.stringMatching(/^webex-auth_[0-9a-f-]{36}_\d+(\+\d)?$/) as string;

  async function failure(work: Promise<unknown>): Promise<{ code: string; trackingId: string | undefined }> {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isWebexAuthError(error)) throw new Error('it did not fail as it should', { cause: error });
    return { code: error.code, trackingId: error.trackingId };
  }

  it.each([
    ['a broken connection', { resetBefore: true }, 'NETWORK_ERROR'],
    ['a body that breaks off', { truncateBodyAt: 1 }, 'NETWORK_ERROR'],
    [
      'a body that is too large',
      { status: 200, headers: { 'content-type': 'application/json' }, body: 'x'.repeat(2_000) },
      'RESPONSE_TOO_LARGE',
    ],
    ['a body that is not JSON', { malformed: true }, 'PROTOCOL_ERROR'],
    ['no answer in time', { delayBeforeMs: 3_000 }, 'TIMEOUT'],
  ] as const)(
    'of an API call with %s is that of the answer, else the one that was sent',
    async (_, fault, code) => {
      const auth = await webex().open({ scheduler: false });
      const { subject } = await webex().signInTo(auth);
      const user = await auth.user(subject);
      webex().emulator.faults.add({ route: 'GET /v1/people/me', times: 1, ...fault });
      const call = user.request({ uri: '/people/me', retry: false, maxBodyBytes: 1_000, deadlineMs: 400 });
      const error = await failure(call);
      expect(error.code).toBe(code);
      expect(error.trackingId).toMatch(/^[A-Z][\w]*_|^webex-auth_/i);
      if (code === 'TIMEOUT') expect(error.trackingId).toEqual(ours);
    },
  );

  it('of an API error is found in its body where no header has one, and is the one that was sent where neither has', async () => {
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    const route = 'GET /v1/people/me';
    const headers = { trackingid: '' };
    webex().emulator.faults.add({
      route,
      times: 1,
      status: 404,
      headers,
      body: { trackingId: 'ROUTER_5F3A-01BB_2' },
    });
    expect(await failure(user.request({ uri: '/people/me' }))).toEqual({
      code: 'NOT_FOUND',
      trackingId: 'ROUTER_5F3A-01BB_2',
    });
    webex().emulator.faults.add({ route, times: 1, status: 404, headers, body: {} });
    expect(await failure(user.request({ uri: '/people/me' }))).toEqual({
      code: 'NOT_FOUND',
      trackingId: ours,
    });
  });

  it('of a failed sign-in or refresh is the one that was sent, when no answer came', async () => {
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const told: (string | undefined)[] = [];
    auth.on('auth:error', ({ trackingId }) => told.push(trackingId));
    webex().emulator.faults.add({ route: 'POST /v1/access_token', resetBefore: true });
    expect(await failure(auth.refresh(subject))).toEqual({ code: 'NETWORK_ERROR', trackingId: ours });
    expect(told).toEqual([ours, ours, ours]);
    expect(new Set(told).size).toBe(3);
  });

  it('of what is refused here, and was never sent, there is none', async () => {
    const auth = await webex().open({ scheduler: false });
    const { subject } = await webex().signInTo(auth);
    const user = await auth.user(subject);
    webex().emulator.faults.add({ route: 'GET /v1/people/me', times: 1, retryAfter: 3_600 });
    const first = await failure(user.request({ uri: '/people/me' }));
    expect(first).toEqual({ code: 'RATE_LIMITED', trackingId: expect.stringMatching(/./) as string });
    expect(await failure(user.request({ uri: '/people/me' }))).toEqual({
      code: 'RATE_LIMITED',
      trackingId: undefined,
    });
  });
});
