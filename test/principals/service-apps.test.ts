import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  nextEvent,
  ORG,
  OTHER_ORG,
  OTHER_SERVICE_APP,
  recordEvents,
  SERVICE_APP,
  startWorld,
} from '../support/principals.js';

const TOKEN = 'POST /v1/access_token';

const isAppRequest = ({ path }: { path: string }): boolean => path.startsWith('/v1/applications/');

describe('a service app', () => {
  it('is had with the owner’s token, once for concurrent callers, and per organisation', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const apps = await Promise.all(Array.from({ length: 10 }, () => auth.serviceApp(ORG)));
    expect(new Set(apps.map(({ subject }) => subject))).toEqual(new Set([`service-app:${ORG}`]));
    expect(world.count(isAppRequest)).toBe(1);
    await expect(auth.serviceApp(OTHER_ORG)).rejects.toMatchObject({
      code: 'SERVICE_APP_NOT_AUTHORIZED',
      action: 'ask_admin',
    });
    await world.emulator.authorizeServiceApp(SERVICE_APP.clientId, OTHER_ORG);
    expect((await auth.serviceApp(OTHER_ORG)).subject).toBe(`service-app:${OTHER_ORG}`);
    await expect(auth.serviceApp('no organisation')).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });

  it('is renewed by its refresh token, and issued anew when that is refused', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    world.emulator.ledger.clear();
    await auth.refresh(subject);
    expect([world.count(TOKEN), world.count(isAppRequest)]).toEqual([1, 0]);
    world.emulator.faults.add({ route: TOKEN, status: 400, body: { error: 'invalid_grant' }, times: 1 });
    const events = recordEvents(auth);
    const renewed = nextEvent(auth, 'token:refresh');
    await auth.refresh(subject);
    await renewed;
    expect([world.count(TOKEN), world.count(isAppRequest)]).toEqual([2, 1]);
    expect(events.map(([name]) => name)).toEqual(['token:refresh']);
    expect((await (await auth.user(subject)).fetch('/rooms')).status).toBe(200);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['hangs', () => new Promise(() => undefined)],
    ['gives rubbish', () => 17],
    ['gives what is no token', () => 'two words'],
  ])('lives on while the function for the owner’s token %s', async (_, broken) => {
    const world = await startWorld();
    let current: () => unknown = () => world.emulator.issuePersonalToken();
    const auth = await world.appAuth({ serviceApp: { ownerToken: () => current() as string } });
    const { subject } = await auth.serviceApp(ORG);
    current = broken;
    const refused = world.emulator.faults.add({
      route: TOKEN,
      status: 400,
      body: { error: 'invalid_grant' },
    });
    await expect(world.drive(auth.refresh(subject), 5_000)).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
    await world.pass(40_000);
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live', generation: 1 });
    current = () => world.emulator.issuePersonalToken();
    await world.drive(auth.refresh(subject));
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live', generation: 2 });
    refused.remove();
  });

  it('dies when nobody lets it in any more, and lives again when it is authorized and asked for', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    await world.emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
    await expect(auth.refresh(subject)).rejects.toMatchObject({
      code: 'REAUTH_REQUIRED',
      action: 'ask_admin',
    });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'dead' });
    await expect(auth.serviceApp(ORG)).rejects.toMatchObject({ code: 'SERVICE_APP_NOT_AUTHORIZED' });
    await world.emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
    const webex = await auth.serviceApp(ORG);
    expect((await webex.fetch('/rooms')).status).toBe(200);
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
  });

  const webhook = (event: string, applicationId: string): { body: string; secret: string } => ({
    body: JSON.stringify({
      resource: 'serviceApp',
      event,
      data: {
        id: applicationId,
        authorizerOrgId: Buffer.from(`ciscospark://us/ORGANIZATION/${ORG}`).toString('base64url'),
      },
    }),
    secret: 'webhook-secret',
  });
  const applicationOf = ({ clientId }: { clientId: string }): string =>
    Buffer.from(`ciscospark://us/APPLICATION/${clientId}`).toString('base64').replace(/=+$/, '');

  const sign = ({ body, secret }: { body: string; secret: string }): string =>
    createHmac('sha1', secret).update(body).digest('hex');

  it('is forgotten and kept again as webhooks tell', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    for (const event of ['deauthorized', 'authorized'] as const) {
      if (event === 'authorized') await world.emulator.authorizeServiceApp(SERVICE_APP.clientId, ORG);
      else await world.emulator.deauthorizeServiceApp(SERVICE_APP.clientId, ORG);
      const told = webhook(event, applicationOf(SERVICE_APP));
      const done = await auth.receiveWebhook({ ...told, signature: sign(told) });
      expect(done).toMatchObject({ event, orgId: ORG });
      expect(await auth.grants.get(subject)).toEqual(
        event === 'authorized' ? expect.objectContaining({ state: 'live', kind: 'service_app' }) : undefined,
      );
    }
    expect((await (await auth.user(subject)).fetch('/rooms')).status).toBe(200);
  });

  it('is asked for again when a webhook says it has ended: one that comes late, or again, ends nothing', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    const told = webhook('deauthorized', applicationOf(SERVICE_APP));
    expect(await auth.receiveWebhook({ ...told, signature: sign(told) })).toMatchObject({ orgId: ORG });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live', generation: 2 });
    expect((await (await auth.user(subject)).fetch('/rooms')).status).toBe(200);
  });

  it('is left alone by webhooks about another app of the same owner', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    const told = webhook('deauthorized', applicationOf(OTHER_SERVICE_APP));
    await auth.receiveWebhook({ ...told, signature: sign(told) });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
    expect((await (await auth.user(subject)).fetch('/rooms')).status).toBe(200);
  });

  it('is left alone by webhooks with another signature', async () => {
    const world = await startWorld();
    const auth = await world.appAuth();
    const { subject } = await auth.serviceApp(ORG);
    const told = webhook('deauthorized', applicationOf(SERVICE_APP));
    const forged = auth.receiveWebhook({ ...told, signature: sign({ ...told, secret: 'guessed' }) });
    await expect(forged).rejects.toMatchObject({ code: 'WEBHOOK_SIGNATURE_INVALID' });
    expect(await auth.grants.get(subject)).toMatchObject({ state: 'live' });
  });
});
