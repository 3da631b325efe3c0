import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/platform/catalog-payload.js';

const read = (body: unknown): Record<string, readonly string[]> | undefined => {
  const services = readCatalog(body as Record<string, unknown>);
  return services && Object.fromEntries(services);
};
const parsed = (text: string): unknown => JSON.parse(text);
const urn = (name: string, cluster = 'us-east-2_a'): string => `urn:TEAM:${cluster}:${name}`;
const service = (id: string, ...urls: unknown[]): unknown => ({
  id,
  serviceName: id.split(':')[3],
  serviceUrls: urls,
});

describe('hostmap', () => {
  test('the sample of webex-facts 1.5', () => {
    const body = {
      serviceLinks: {
        hydra: 'https://api.example/v1/',
        idbroker: 'https://idbroker.example/',
        wdm: 'https://wdm.example/wdm/api/v1',
      },
      hostCatalog: {
        'wdm.example': [{ host: 'wdm-a.example', ttl: -1, priority: 5, id: urn('wdm') }],
      },
    };
    expect(read(body)).toEqual({
      hydra: ['https://api.example/v1/'],
      idbroker: ['https://idbroker.example/'],
      wdm: ['https://wdm.example/wdm/api/v1'],
    });
  });

  test.each([
    [{ a: 5 }, {}],
    [{ a: null, b: 'https://b.example' }, { b: ['https://b.example'] }],
    [{ a: ['https://a.example'] }, {}],
    [{ '': 'https://a.example' }, {}],
    [{ 'a b': 'https://a.example' }, {}],
    [{ ['a'.repeat(100)]: 'https://a.example' }, { ['a'.repeat(100)]: ['https://a.example'] }],
    [{ ['a'.repeat(101)]: 'https://a.example' }, {}],
    [{ 'a\u202e': 'https://a.example' }, {}],
  ])('%j', (serviceLinks, expected) => expect(read({ serviceLinks })).toEqual(expected));

  test('__proto__ is a name like any other', () => {
    const services = readCatalog(
      parsed(
        '{"serviceLinks":{"__proto__":"https://a.example","constructor":"https://b.example"}}',
      ) as Record<string, unknown>,
    );
    expect([...(services ?? [])]).toEqual([
      ['__proto__', ['https://a.example']],
      ['constructor', ['https://b.example']],
    ]);
    expect(services?.get('toString')).toBeUndefined();
  });
});

describe('U2CV2', () => {
  test('the active cluster of each service, preferred addresses first', () => {
    const body = {
      activeServices: { conversation: urn('conversation'), idbroker: urn('idbroker') },
      services: [
        service(urn('conversation', 'me-central-1_d'), { baseUrl: 'https://d.example', priority: 1 }),
        service(
          urn('conversation'),
          { baseUrl: 'https://third.example', priority: 30 },
          { baseUrl: 'https://never.example', priority: -1 },
          { baseUrl: 'https://first.example', host: 'first.example', priority: 1 },
          { baseUrl: 'https://last.example' },
          { baseUrl: 'https://zero.example', priority: 0 },
          { baseUrl: 'https://second.example', priority: 2 },
        ),
        service(urn('idbroker'), { baseUrl: 'https://idbroker.example', priority: 1 }),
      ],
      orgId: '3e0e410f-f83f-4ee4-ac32-12692e99355c',
      timestamp: '1745533341',
      format: 'U2CV2',
    };
    expect(read(body)).toEqual({
      conversation: [
        'https://first.example',
        'https://second.example',
        'https://third.example',
        'https://last.example',
      ],
      idbroker: ['https://idbroker.example'],
    });
  });

  test.each([
    [{ a: 'unknown id' }],
    [{ a: 5 }],
    [{ a: undefined }],
    [{ a: 'no urls' }],
    [{ a: 'odd urls' }],
    [{ a: '__proto__' }],
    [{ 'a b': 'good' }],
  ])('%j names no service', (activeServices) => {
    const services = [
      null,
      5,
      [],
      { id: 'no urls' },
      { id: 'odd urls', serviceUrls: [null, 5, {}, { baseUrl: 5 }, { baseUrl: 'https://a', priority: '1' }] },
      { serviceUrls: [{ baseUrl: 'https://nameless.example', priority: 1 }] },
      service('good', { baseUrl: 'https://good.example', priority: 1 }),
    ];
    expect(read({ activeServices, services })).toEqual({});
  });

  test('of one service, 20 addresses are looked at', () => {
    const urls = Array.from({ length: 25 }, (_, i) => ({
      baseUrl: `https://a${i}.example`,
      priority: 50 - i,
    }));
    const found = read({ activeServices: { a: 'id' }, services: [service('id', ...urls)] });
    expect(found?.['a']).toHaveLength(20);
    expect(found?.['a']?.[0]).toBe('https://a19.example');
  });
});

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);
test.each([
  [5_000, true],
  [5_001, false],
])('%i services: %s', (count, isCatalog) => {
  const names = many(count);
  const hostmap = { serviceLinks: Object.fromEntries(names.map((name) => [name, 'https://a.example'])) };
  const version2 = {
    activeServices: Object.fromEntries(names.map((name) => [name, name])),
    services: names.map((name) => service(name, { baseUrl: 'https://a.example', priority: 1 })),
  };
  for (const body of [hostmap, version2]) expect(readCatalog(body)?.size).toBe(isCatalog ? count : undefined);
});

test.each([
  undefined,
  {},
  { serviceLinks: [] },
  { serviceLinks: null },
  { serviceLinks: 'https://a.example' },
  { activeServices: {} },
  { services: [] },
  { activeServices: [], services: [] },
  { activeServices: {}, services: {} },
  parsed('{"__proto__":{"serviceLinks":{"a":"https://a.example"}}}'),
])('%j is no catalog', (body) => expect(read(body)).toBeUndefined());

test('law: any JSON is read to short names with at least one address each, or to nothing', () => {
  const json = fc.jsonValue({ maxDepth: 1 });
  const odd = fc.record(
    {
      serviceLinks: fc.option(fc.dictionary(fc.string(), fc.oneof(fc.webUrl(), json)), { nil: undefined }),
      activeServices: fc.oneof(fc.dictionary(fc.string(), fc.oneof(fc.constant('id'), json)), json),
      services: fc.array(fc.oneof(json, fc.record({ id: fc.constant('id'), serviceUrls: json }))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(odd, (body) => {
      for (const [name, urls] of readCatalog(body) ?? []) {
        expect(name).toMatch(/^[\x21-\x7e]{1,100}$/);
        expect(urls.length).toBeGreaterThan(0);
        expect(urls.every((url) => typeof url === 'string')).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
