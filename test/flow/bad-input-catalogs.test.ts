import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/emulator/emulator.js';
import type { Webex } from '../../src/index.js';
import { badInputRig } from './bad-input-rig.js';

const rig = badInputRig();

// The limited catalog and the user's own (webex-facts 1.5).
const CATALOGS: Fault['route'] = /^GET \/u2c\/api\/v1\/.*catalog$/;

/** One principal that has read its catalogs, and what is told from now on. */
async function discovered(): Promise<{ webex: Webex; told: string[] }> {
  const access_token = rig.emulator.issuePersonalToken();
  rig.watch({ access_token });
  const webex = await rig.webex({ credentials: { access_token } });
  await webex.services.discover();
  const told: string[] = [];
  webex.on('degraded', ({ reason }) => void told.push(reason));
  return { webex, told };
}

describe('a catalog that cannot be read: what is known stays, it is told, and the next one counts', () => {
  const many = Object.fromEntries(
    Array.from({ length: 5_001 }, (_, n) => [`s${String(n)}`, 'https://a.wbx2.com']),
  );
  const loop = '/u2c/api/v1/limited/catalog?format=hostmap&mode=DEFAULT_BY_PROXIMITY';

  it.each<readonly [string, string, Omit<Fault, 'route'>]>([
    ['nothing at all', 'reliability F3', { status: 200 }],
    ['a page with 200', 'reliability F3', { body: '<html>', headers: { 'Content-Type': 'text/html' } }],
    ['a list', 'reliability F3', { body: [{ serviceLinks: {} }] }],
    ['null', 'reliability F3', { body: 'null' }],
    ['an object without services', 'webex-facts 1.5', { body: { format: 'hostmap' } }],
    ['links in a list', 'webex-facts 1.5', { body: { serviceLinks: ['https://a.wbx2.com'] } }],
    ['links as text', 'webex-facts 1.5', { body: { serviceLinks: 'https://a.wbx2.com' } }],
    [
      'active services without the services',
      'webex-facts 1.5',
      { body: { activeServices: { wdm: 'urn:a' } } },
    ],
    [
      'services by name in place of a list',
      'webex-facts 1.5',
      { body: { activeServices: {}, services: {} } },
    ],
    [
      'links below __proto__',
      'reliability F8',
      { body: '{"__proto__":{"serviceLinks":{"wdm":"https://a.wbx2.com"}}}' },
    ],
    ['5,001 services', 'reliability F4', { body: { serviceLinks: many } }],
    ['10 MB', 'reliability F4', { body: { serviceLinks: {}, padding: 'x'.repeat(10_000_000) } }],
    ['lists, 100,000 deep', 'reliability F3', { body: '['.repeat(100_000) + ']'.repeat(100_000) }],
    ['half of one', 'reliability F3', { malformed: true }],
    ['a connection that ends in the body', 'reliability F2', { truncateBodyAt: 10 }],
    ['a redirect to itself', 'reliability B5', { status: 302, headers: { Location: loop } }],
    ['204', 'reliability F3', { status: 204 }],
    ['401', 'webex-facts 4.1 C', { status: 401, body: { code: 401, message: 'Unauthorized' } }],
    ['451', 'webex-facts 4.2', { status: 451 }],
    ['503', 'webex-facts 4.1 E', { status: 503 }],
  ])('%s (%s)', async (_input, _source, fault) => {
    const { webex, told } = await discovered();
    const before = webex.services.list();
    const token = (await webex.credentials.getUserToken()).access_token;
    expect(before['wdm']).toBeDefined();
    rig.emulator.faults.add({ ...fault, route: CATALOGS });
    rig.emulator.ledger.clear();
    await webex.services.discover();
    expect(rig.emulator.ledger.count()).toBe(2);
    expect([webex.services.list(), told]).toEqual([before, told.map(() => 'DISCOVERY_FAILED')]);
    expect(told.length).toBeGreaterThan(0);
    expect((await webex.credentials.getUserToken()).access_token).toBe(token);

    rig.emulator.faults.clear();
    const link = `${rig.emulator.url}/elsewhere`;
    rig.emulator.faults.add({ route: CATALOGS, body: { serviceLinks: { wdm: link } } });
    await webex.services.discover();
    expect(webex.services.get('wdm')).toBe(link);
  });

  it('429 until the year 9999 (reliability G3): nothing is asked for an hour, and what is known stays', async () => {
    const { webex, told } = await discovered();
    const before = webex.services.list();
    rig.emulator.faults.add({ route: CATALOGS, retryAfter: 'Fri, 31 Dec 9999 23:59:59 GMT' });
    rig.emulator.ledger.clear();
    await webex.services.discover();
    await webex.services.discover();
    expect(rig.emulator.ledger.count()).toBe(1);
    expect([webex.services.list(), told]).toEqual([before, ['DISCOVERY_FAILED']]);
  });
});

/** The two payloads around one address of one service. */
const PAYLOADS = {
  hostmap: (name: string, url: unknown) => ({ serviceLinks: { [name]: url }, hostCatalog: {} }),
  U2CV2: (name: string, url: unknown) => ({
    activeServices: { [name]: 'urn:TEAM:us:one' },
    services: [{ id: 'urn:TEAM:us:one', serviceName: name, serviceUrls: [{ baseUrl: url, priority: 1 }] }],
  }),
} as const;

describe.each(['hostmap', 'U2CV2'] as const)('an address in a %s catalog that must not be used', (format) => {
  const UNTRUSTED = ['CATALOG_UNTRUSTED_HOST'];

  it.each<readonly [string, string, unknown, readonly string[]]>([
    ['a number', 'webex-facts 1.5', 42, []],
    ['an object', 'webex-facts 1.5', { href: 'https://wdm.wbx2.com' }, []],
    ['empty', 'webex-facts 1.5', '', UNTRUSTED],
    ['a path', 'webex-facts 1.5', '/wdm/api/v1', UNTRUSTED],
    ['script', 'reliability B3', 'javascript:alert(1)', UNTRUSTED],
    ["another domain behind Webex's", 'reliability B3', 'https://wbx2.com.evil.example/wdm', UNTRUSTED],
    ["another domain that ends like Webex's", 'reliability B3', 'https://evil-wbx2.com/wdm', UNTRUSTED],
    ["Webex's name as a user", 'reliability B3', 'https://wdm.wbx2.com@evil.example/wdm', UNTRUSTED],
    ['a backslash', 'reliability B3', 'https://evil.example\\@wdm.wbx2.com/', UNTRUSTED],
    ['not encrypted', 'RFC 6750 5.3', 'http://wdm.wbx2.com/wdm', UNTRUSTED],
    ['another port', 'reliability B3', 'https://wdm.wbx2.com:8443/wdm', UNTRUSTED],
    ['letters that look alike', 'reliability B3', 'https://wdm.wb\u04452.com/wdm', UNTRUSTED],
    ['a name that ends in a dot', 'reliability B3', 'https://wdm.wbx2.com./wdm', UNTRUSTED],
    ['this machine in disguise', 'reliability B3', 'http://0x7f000001/wdm', UNTRUSTED],
    ['a query', 'webex-facts 1.5', 'https://wdm.wbx2.com/wdm?x=1', UNTRUSTED],
    ['3 KB', 'reliability F4', `https://wdm.wbx2.com/${'x'.repeat(3_000)}`, UNTRUSTED],
    ['a socket', 'webex-facts 1.5', 'wss://mercury.wbx2.com/socket', []],
  ])('%s (%s)', async (_input, _source, url, reasons) => {
    const { webex, told } = await discovered();
    rig.emulator.faults.add({ route: CATALOGS, body: PAYLOADS[format]('wdm', url) });
    await webex.services.discover();
    expect([webex.services.get('wdm'), told]).toEqual([undefined, reasons]);
    rig.emulator.ledger.clear();
    await rig.refusal(() => webex.request({ service: 'wdm', resource: 'devices' }));
    expect(rig.emulator.ledger.count(({ path }) => !path.startsWith('/u2c/'))).toBe(0);
    expect(webex.services.get('hydra')).toBe(rig.emulator.endpoints.apiBase);
  });

  it.each([
    ['with a line break', 'reliability B10', 'wd\nm'],
    ['of 200 letters', 'reliability F4', 'w'.repeat(200)],
    ['that is empty', 'webex-facts 1.5', ''],
  ])('of a service with a name %s (%s)', async (_input, _source, name) => {
    const { webex } = await discovered();
    const address = 'https://wdm.wbx2.com/wdm';
    rig.emulator.faults.add({ route: CATALOGS, body: PAYLOADS[format](name, address) });
    await webex.services.discover();
    expect(Object.values(webex.services.list())).not.toContain(address);
  });

  it('of a service called __proto__ (reliability F8): no object gets another prototype', async () => {
    const { webex } = await discovered();
    const body = JSON.stringify(PAYLOADS[format]('NAME', 'https://wdm.wbx2.com')).replaceAll(
      'NAME',
      '__proto__',
    );
    rig.emulator.faults.add({ route: CATALOGS, body });
    await webex.services.discover();
    const list = webex.services.list();
    expect([Object.getPrototypeOf(list), Object.keys(Object.prototype)]).toEqual([null, []]);
    expect(list['hydra']).toBe(rig.emulator.endpoints.apiBase);
  });

  it('of the API itself, elsewhere at Webex (webex-facts 1.5): the API stays where it was configured', async () => {
    const { webex } = await discovered();
    const token = (await webex.credentials.getUserToken()).access_token;
    rig.emulator.faults.add({
      route: CATALOGS,
      body: PAYLOADS[format]('hydra', 'https://hydra.wbx2.com/v1'),
    });
    await webex.services.discover();
    rig.emulator.ledger.clear();
    await webex.request({ service: 'hydra', resource: 'people/me' });
    expect(rig.emulator.ledger.count('GET /v1/people/me')).toBe(1);
    expect((await webex.credentials.getUserToken()).access_token).toBe(token);
  });
});

describe('a U2CV2 catalog with odd entries keeps the sound ones', () => {
  const sound = (): string => `${rig.emulator.url}/sound`;

  it.each<readonly [string, string, (url: string) => { id?: unknown; services: readonly unknown[] }]>([
    ['an id that no service has', 'webex-facts 1.5', () => ({ id: 'urn:TEAM:us:none', services: [] })],
    ['an id that is a number', 'webex-facts 1.5', () => ({ id: 42, services: [{ id: 42 }] })],
    ['services that are no objects', 'webex-facts 1.5', () => ({ services: [null, 42, 'x', ['x']] })],
    [
      'addresses that are no list',
      'webex-facts 1.5',
      (url) => ({ services: [{ id: 'urn:odd', serviceUrls: { baseUrl: url } }] }),
    ],
    [
      'a priority in words',
      'webex-facts 1.5',
      (url) => ({ services: [{ id: 'urn:odd', serviceUrls: [{ baseUrl: url, priority: '1' }] }] }),
    ],
    [
      'a priority that means never',
      'webex-facts 1.5',
      (url) => ({ services: [{ id: 'urn:odd', serviceUrls: [{ baseUrl: url, priority: -1 }] }] }),
    ],
  ])('%s (%s)', async (_input, _source, entries) => {
    const { webex } = await discovered();
    const { id = 'urn:odd', services } = entries(`${rig.emulator.url}/odd`);
    const good = { id: 'urn:good', serviceUrls: [{ baseUrl: sound(), priority: 1 }] };
    const body = { activeServices: { odd: id, sound: 'urn:good' }, services: [...services, good] };
    rig.emulator.faults.add({ route: CATALOGS, body });
    await webex.services.discover();
    expect([webex.services.get('odd'), webex.services.get('sound')]).toEqual([undefined, sound()]);
  });
});
