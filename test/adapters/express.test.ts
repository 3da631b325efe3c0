import { createRequire } from 'node:module';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { express } from '../../src/adapters/express.js';
import type { HandlerOwner } from '../../src/adapters/node-http.js';
import { ADA, rig } from '../web/rig.js';
import { serve, wireBrowser } from './servers.js';

/** What this test uses of Express, which brings no types. */
interface ExpressApp {
  use(...layers: unknown[]): void;
}
type Middleware = (
  request: unknown,
  response: { status(code: number): { end(text: string): void } },
  next: () => void,
) => void;
const createApp = createRequire(import.meta.url)('express') as (() => ExpressApp & RequestListener) & {
  urlencoded(options: object): Middleware;
};

describe('express', () => {
  it('signs in, shows who it is and signs out, in a real Express with a cookie jar', async () => {
    const app = createApp();
    const origin = await serve(app);
    const { handler, webex, sessions } = rig({ redirectUri: `${origin}/auth/webex/callback` });
    app.use('/auth/webex', express({ handler }));

    const ada = wireBrowser(origin);
    const answer = await ada.send(webex.approve(await ada.start('/auth/webex/login?returnTo=/rooms'), ADA));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/rooms']);
    expect(answer.headers.getSetCookie().length).toBeGreaterThan(1);
    const carried = { headers: new Headers({ cookie: ada.cookieHeader }) };
    expect((await sessions.read(carried))?.subject).toBe('org-1:person-ada');

    expect((await ada.post('/auth/webex/logout', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await ada.post('/auth/webex/logout')).status).toBe(303);
    expect(await sessions.read(carried)).toBeUndefined();
  });

  it('hands the hooks the user that middleware has set: who starts is who finishes', async () => {
    const app = createApp();
    const origin = await serve(app);
    let user: { id: string } | undefined = { id: 'user-42' };
    const { handler, webex, kept } = rig({
      redirectUri: `${origin}/auth/webex/callback`,
      handler: {
        subject: (request, person) => request.user?.id ?? person.id,
        starter: (request) => request.user?.id,
      },
    });
    const recognise: Middleware = (request, _response, next) => {
      Object.assign(request as object, { user });
      next();
    };
    app.use(recognise);
    app.use('/auth/webex', express({ handler }));

    const browser = wireBrowser(origin);
    const callback = webex.approve(await browser.start('/auth/webex/login'), ADA);
    user = { id: 'mallory' };
    expect((await browser.send(callback)).status).toBe(403);
    user = { id: 'user-42' };
    expect((await browser.send(callback)).status).toBe(303);
    expect(kept.map(({ subject }) => subject)).toEqual(['user-42']);
  });

  it('passes the path as the browser asked for it, whatever the mount', async () => {
    const app = createApp();
    const echo: HandlerOwner = { handler: async ({ url }) => new Response(url) };
    app.use('/a/b', express(echo));
    const origin = await serve(app);
    expect(await (await fetch(`${origin}/a/b/login?x=1`)).text()).toBe(
      'http://webex-auth.invalid/a/b/login?x=1',
    );
  });

  it('does not wait for a body that a parser has read', async () => {
    const app = createApp();
    app.use(createApp.urlencoded({ extended: false }));
    app.use(express({ handler: async (request) => new Response(`[${await request.text()}]`) }));
    const origin = await serve(app);
    const answer = await fetch(origin, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
    expect(await answer.text()).toBe('[]');
  });

  it('leaves a handler that fails to Express', async () => {
    const app = createApp();
    const seen: unknown[] = [];
    app.use(express({ handler: () => Promise.reject(new Error('broken')) }));
    app.use((error: unknown, _request: unknown, response: Parameters<Middleware>[1], next: unknown) => {
      seen.push(error, typeof next);
      response.status(503).end('handled');
    });
    const origin = await serve(app);
    const answer = await fetch(origin);
    expect([answer.status, await answer.text()]).toEqual([503, 'handled']);
    expect(seen).toMatchObject([{ message: 'broken' }, 'function']);
  });
});
