import { describe, expect, test } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.js';
import { fakeClock } from '../support/fake-clock.js';
import { CLIENT, authorizeUrl, emulatorForTest } from './emulator-client.js';

interface Waiting {
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
}

interface DeviceForm {
  url: string;
  cookie: string;
  fields: Record<string, string>;
}

async function deviceOf(emulator: Emulator): Promise<Waiting> {
  const body = new URLSearchParams({ client_id: CLIENT.clientId, scope: CLIENT.scopes.join(' ') });
  const asked = await fetch(`${emulator.endpoints.apiBase}/device/authorize`, { method: 'POST', body });
  return (await asked.json()) as Waiting;
}

async function formFrom(response: Response): Promise<DeviceForm> {
  const page = await response.text();
  const field = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
  return {
    url: response.url,
    cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    fields: { request: field('request'), csrf: field('csrf'), user: 'grace@example.com', decision: 'allow' },
  };
}

async function submit(
  { url, cookie, fields }: DeviceForm,
  headers: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
    body: new URLSearchParams(fields),
  });
  await response.arrayBuffer();
  return response.status;
}

async function waitingForm(options: EmulatorOptions = {}): Promise<{ emulator: Emulator; form: DeviceForm }> {
  const emulator = await emulatorForTest(options);
  const { verification_uri_complete } = await deviceOf(emulator);
  return { emulator, form: await formFrom(await fetch(verification_uri_complete)) };
}

const stateOf = (emulator: Emulator): string | undefined => emulator.devices[0]?.state;

describe('the page for a device', () => {
  test('asks for the code, and takes it as people type it', async () => {
    const emulator = await emulatorForTest();
    const { user_code, verification_uri } = await deviceOf(emulator);
    const asked = await fetch(verification_uri);
    const page = await asked.text();
    expect([asked.status, page.includes('name="userCode"')]).toEqual([200, true]);
    expect(page).not.toContain(user_code);
    const typed = ` ${user_code.slice(0, 3)}-${user_code.slice(3)}`;
    const shown = await fetch(`${verification_uri}?${new URLSearchParams({ userCode: typed }).toString()}`);
    const form = await formFrom(shown);
    expect(form.fields['request']).toBe(user_code);
    expect(await submit(form)).toBe(200);
    expect(stateOf(emulator)).toBe('allowed');
  });

  test('shows the code, who asks and for what, when the code comes filled in', async () => {
    const emulator = await emulatorForTest();
    const { user_code, verification_uri_complete } = await deviceOf(emulator);
    const response = await fetch(verification_uri_complete);
    const page = await response.text();
    for (const text of [user_code, 'Test integration', 'spark:messages_write', 'grace@example.com']) {
      expect(page).toContain(text);
    }
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(stateOf(emulator)).toBe('pending');
  });

  test('lets a device in, or not, as the person picks', async () => {
    const allowed = await waitingForm();
    expect(await submit(allowed.form)).toBe(200);
    expect(stateOf(allowed.emulator)).toBe('allowed');
    const declined = await waitingForm();
    const fields = { ...declined.form.fields, decision: 'decline' };
    expect(await submit({ ...declined.form, fields })).toBe(200);
    expect(stateOf(declined.emulator)).toBe('declined');
  });

  test('takes one decision only', async () => {
    const { emulator, form } = await waitingForm();
    expect(await submit(form)).toBe(200);
    expect(await submit({ ...form, fields: { ...form.fields, decision: 'decline' } })).toBe(400);
    expect(stateOf(emulator)).toBe('allowed');
    expect((await fetch(form.url)).status).toBe(400);
  });

  test.each(['000', 'abc', '', '"><script>'])('knows no device behind %j', async (code) => {
    const emulator = await emulatorForTest();
    await deviceOf(emulator);
    const response = await fetch(`${emulator.url}/verify?userCode=${encodeURIComponent(code)}`);
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toContain('name="userCode"');
    expect(page).not.toContain('<script');
  });

  test('comes too late for a code past its end', async () => {
    const { emulator, form } = await waitingForm({ clock: fakeClock() });
    emulator.clock.advance(300_000);
    expect(await submit(form)).toBe(400);
    expect(stateOf(emulator)).toBe('expired');
    expect((await fetch(form.url)).status).toBe(400);
  });

  test('escapes the name of the client', async () => {
    const clients = [{ ...CLIENT, name: '"><script>alert(1)</script>' }];
    const emulator = await emulatorForTest({ clients });
    const { verification_uri_complete } = await deviceOf(emulator);
    const page = await (await fetch(verification_uri_complete)).text();
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
  });
});

describe('its form is taken from its own browser only', () => {
  test.each<[string, (form: DeviceForm, other: Waiting) => DeviceForm, number]>([
    ['without the cookie', (form) => ({ ...form, cookie: '' }), 403],
    [
      'with the cookie of another browser',
      (form) => ({ ...form, cookie: `${form.cookie.slice(0, -6)}AAAAAA` }),
      403,
    ],
    ['without the token', (form) => ({ ...form, fields: { ...form.fields, csrf: '' } }), 403],
    [
      'for the code of another device',
      (form, { user_code }) => ({ ...form, fields: { ...form.fields, request: user_code } }),
      403,
    ],
    [
      'for nobody known',
      (form) => ({ ...form, fields: { ...form.fields, user: 'mallory@example.com' } }),
      400,
    ],
    ['without a decision', (form) => ({ ...form, fields: { ...form.fields, decision: '' } }), 400],
  ])('%s', async (_name, change, status) => {
    const { emulator, form } = await waitingForm();
    expect(await submit(change(form, await deviceOf(emulator)))).toBe(status);
    expect(emulator.devices.map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  test('not from another site', async () => {
    const { emulator, form } = await waitingForm();
    expect(await submit(form, { origin: 'https://attacker.example' })).toBe(403);
    expect(await submit(form, { origin: 'null' })).toBe(403);
    expect(await submit(form, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(stateOf(emulator)).toBe('pending');
    const own = { origin: emulator.url, 'sec-fetch-site': 'same-origin' };
    expect(await submit(form, own)).toBe(200);
  });

  test('not with the token of a sign-in, whatever that asked for', async () => {
    const { emulator, form } = await waitingForm();
    const signIn = await formFrom(await fetch(authorizeUrl(emulator)));
    const mixed = {
      ...form,
      cookie: signIn.cookie,
      fields: { ...form.fields, csrf: signIn.fields['csrf'] ?? '' },
    };
    expect(await submit(mixed)).toBe(403);
    expect(stateOf(emulator)).toBe('pending');
  });
});

describe('a device is let in without the page', () => {
  test('by name of a person; unknown people and codes are refused', async () => {
    const emulator = await emulatorForTest();
    const { user_code } = await deviceOf(emulator);
    expect(() => emulator.approveDevice(user_code, { user: 'nobody' })).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_USER' }),
    );
    expect(() => emulator.approveDevice('none')).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_DEVICE' }),
    );
    expect(stateOf(emulator)).toBe('pending');
    emulator.approveDevice(user_code, { user: 'grace@example.com' });
    expect(() => emulator.approveDevice(user_code)).toThrow(
      expect.objectContaining({ code: 'EMULATOR_UNKNOWN_DEVICE' }),
    );
  });

  const approve = async (emulator: Emulator, body: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${emulator.url}/_emulator/devices`, init)).status;
  };

  test('over the control API, which lists them too', async () => {
    const emulator = await emulatorForTest();
    const [one, other] = [await deviceOf(emulator), await deviceOf(emulator)];
    expect(await approve(emulator, { userCode: one.user_code, user: 'grace@example.com' })).toBe(204);
    expect(await approve(emulator, { userCode: one.user_code })).toBe(404);
    expect(await approve(emulator, { userCode: other.user_code, deny: true })).toBe(204);
    const listed = await (await fetch(`${emulator.url}/_emulator/devices`)).json();
    expect(listed).toMatchObject({ devices: [{ state: 'allowed' }, { state: 'declined' }] });
    expect(listed).toEqual({ devices: emulator.devices });
  });

  test.each([
    [{}, 400],
    [{ userCode: 1 }, 400],
    [{ userCode: 'none', deny: 'no' }, 400],
    [{ userCode: 'none', user: 'nobody' }, 400],
    [{ userCode: 'none', more: 1 }, 400],
    [{ userCode: 'none' }, 404],
  ])('the control API refuses %j', async (body, status) => {
    expect(await approve(await emulatorForTest(), body)).toBe(status);
  });
});
