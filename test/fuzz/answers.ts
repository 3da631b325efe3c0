import fc from 'fast-check';

/** An HTTP answer as bytes. Header names are lower-case, and may be any that a prototype has. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A JSON object as written: its members in order, so that names may repeat; values are JSON texts. */
type Members = readonly (readonly [name: string, json: string])[];

const NAMES_OF_PROTOTYPES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then'];
const POLLUTION = '{"polluted":1,"prototype":{"polluted":1},"__proto__":{"polluted":1}}';

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a b',
  'x\r\nx-admin: 1',
  'é',
  '\u202e\u001b[2J',
  '../..',
  '3600',
  '-1',
  '3600abc',
];
const ODD_JSON = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '-0',
  '0.5',
  '1e999',
  '-1e999',
  '9007199254740992',
  '1767225600000',
  '{}',
  '[]',
  '[[]]',
  '"\\ud800"',
  POLLUTION,
  `{"constructor":${POLLUTION}}`,
  ...ODD_TEXTS.map((text) => JSON.stringify(text)),
];

const oddJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD_JSON) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40_000 }).map((length) => `"${'x'.repeat(length)}"`) },
);

/** What may happen to one member; the numbers choose which. */
const change = fc.record({
  kind: fc.constantFrom(
    'drop',
    'set',
    'set',
    'set',
    'repeat',
    'in a list',
    'in an object',
    'rename',
    'add',
    'add odd',
  ),
  at: fc.nat(11),
  json: oddJson,
  name: fc.constantFrom(
    ...NAMES_OF_PROTOTYPES,
    'error',
    'message',
    'errors',
    'trackingId',
    'items',
    'nobody_knows',
  ),
});
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function changed(members: Members, { kind, at, json, name }: Change): Members {
  if (kind === 'add' || members.length === 0) return [...members, [name, json]];
  if (kind === 'add odd') return [...members, [name, POLLUTION]];
  const index = at % members.length;
  const [own, value] = members[index] ?? ['', ''];
  const others = members.filter((_, other) => other !== index);
  switch (kind) {
    case 'drop':
      return others;
    case 'set':
      return members.with(index, [own, json]);
    case 'repeat':
      return [...members, [own, json]];
    case 'in a list':
      return members.with(index, [own, `[${value}]`]);
    case 'in an object':
      return members.with(index, [own, `{"value":${value},"__proto__":${POLLUTION}}`]);
    default:
      return [...others, [own.toUpperCase(), value]];
  }
}

const toText = (members: Members): string =>
  `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

const PAGE = '<!doctype html><html><body><form action="/portal">Sign in to this network</form></body></html>';

/** What OAuth and Webex say when they refuse (webex-facts 4.1), spoilt and unspoilt. */
const REFUSALS: readonly Members[] = [
  ...[
    'invalid_grant',
    'invalid_client',
    'invalid_request',
    'invalid_scope',
    'unauthorized_client',
    'slow_down',
  ].map((error): Members => [
    ['error', JSON.stringify(error)],
    ['error_description', '"no"'],
  ]),
  [['error', '"authorization_pending"']],
  [['error', '"expired_token"']],
  [['message', '"The refresh token provided is expired, revoked, malformed, or invalid."']],
  [
    ['message', '"bad"'],
    ['errors', '[{"description":"invalid_grant"}]'],
    ['trackingId', '"ROUTER_5F3A-01BB"'],
  ],
  [
    ['code', '401'],
    ['message', '"Unauthorized"'],
  ],
];

/** The bodies that go by `good`, the members of an answer that is right: some untouched, most changed, some no JSON at all. */
function bodies(good: Members): fc.Arbitrary<Buffer> {
  const start = fc.oneof(
    { weight: 5, arbitrary: fc.constant(good) },
    { weight: 1, arbitrary: fc.constantFrom(...REFUSALS) },
  );
  const json = fc
    .tuple(start, fc.array(change, { maxLength: 4 }))
    .map(([members, changes]) => toText(changes.reduce(changed, members)));
  const bytes = json.map((text) => Buffer.from(text));
  const wrap = fc.constantFrom<(text: string) => string | Buffer>(
    (text) => `\uFEFF${text}`,
    (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
    (text) => Buffer.from(text, 'latin1'),
    (text) => `[${text}]`,
    (text) => JSON.stringify(text),
    (text) => text + text,
    (text) => `)]}'\n${text}`,
    (text) => `\n\t ${text}\r\n`,
    (text) => `${text}\u0000`,
    (text) => `{"__proto__":${text}}`,
    (text) => `{"data":${text}}`,
    (text) => text.replace(/^\{/, `{"deep":${'['.repeat(10_000)}${']'.repeat(10_000)},`),
    (text) => text.replace(/^\{/, `{"padding":"${'x'.repeat(1_100_000)}",`),
    () => '['.repeat(20_000),
    () => `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
    () => PAGE,
    () => '',
    () => 'null',
    () => '"token"',
    () => '42',
    () => '[]',
  );
  const spoilt = fc
    .tuple(bytes, fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 4 }))
    .map(([whole, flips]) => {
      const copy = Buffer.from(whole);
      for (const [at, byte] of flips) copy[at % copy.length] = byte;
      return copy;
    });
  return fc.oneof(
    { weight: 10, arbitrary: bytes },
    {
      weight: 2,
      arbitrary: fc.tuple(json, wrap).map(([text, wrapped]) => Buffer.from(wrapped(text) as string)),
    },
    { weight: 2, arbitrary: spoilt },
    {
      weight: 1,
      arbitrary: fc.tuple(bytes, fc.nat(2_000)).map(([whole, at]) => whole.subarray(0, at % whole.length)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some)) },
  );
}

// Bytes that a header field may hold on the wire (RFC 9110, 5.5).
const fieldText = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 40,
  })
  .map((codes) => String.fromCharCode(...codes).trim());

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'content-type': [
    'application/json',
    'application/json;charset=UTF-16',
    'text/html',
    'application/problem+json',
    'image/png',
    ';',
    '',
  ],
  'retry-after': [
    '1',
    '0',
    '-5',
    '1.5',
    '3, 7',
    '99999999999999999999',
    '9999999999',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'soon',
    '9'.repeat(10_000),
  ],
  date: ['Sun, 06 Nov 1994 08:49:37 GMT', 'yesterday', 'Thu, 32 Foo 2026 99:99:99 GMT', ''],
  link: [
    '<',
    '<>; rel="next"',
    '<https://evil.example/>; rel="next"',
    '</v1/rooms?cursor=2>; rel=next',
    '<//evil.example>; rel="next"',
    '<http://[::1>; rel="next"',
    ',,,<x>;;;;rel=next',
    `<a>;${' x="\\"'.repeat(200)}`,
  ],
  trackingid: ['ROUTER_5F3A-01BB', '\u001b[2J', 'x'.repeat(5_000)],
  location: ['https://evil.example/', '//evil.example', 'javascript:alert(1)'],
  'content-encoding': ['gzip', 'br', 'x', 'identity'],
  'content-length': ['0', '-1', 'x'],
  'www-authenticate': ['Bearer error="insufficient_scope"', 'x'.repeat(5_000)],
  'set-cookie': ['a=b', '__proto__=1'],
  __proto__: ['x'],
  constructor: ['x'],
  toString: ['x'],
};

const field = fc.constantFrom(...Object.keys(FIELDS), '__proto__').chain((name) =>
  fc.tuple(
    fc.constant(name),
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...((Object.hasOwn(FIELDS, name) && FIELDS[name]) || ['x'])),
      },
      { weight: 1, arbitrary: fieldText },
    ),
  ),
);

const headers = fc
  .array(field, { maxLength: 4 })
  .map((fields): Record<string, string> =>
    Object.fromEntries([['content-type', 'application/json'], ...fields]),
  );

const status = fc.oneof(
  { weight: 8, arbitrary: fc.constant(200) },
  { weight: 2, arbitrary: fc.constantFrom(201, 202, 203, 204, 205, 206, 299) },
  { weight: 2, arbitrary: fc.constantFrom(400, 401) },
  { weight: 1, arbitrary: fc.constantFrom(301, 302, 304, 307, 403, 404, 428, 429, 500, 502, 503, 504) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
);

/** Answers of an endpoint whose good answer is `good`. */
export function answersLike(good: Readonly<Record<string, unknown>>): fc.Arbitrary<RawAnswer> {
  const members: Members = Object.entries(good).map(([name, value]) => [name, JSON.stringify(value)]);
  return fc.record({ status, headers, body: bodies(members) }).map((answer) => ({
    ...answer,
    [fc.toStringMethod]: () =>
      `${String(answer.status)} ${JSON.stringify(answer.headers)} ${shown(answer.body)}`,
  }));
}

// In the report of a failure.
function shown(body: Buffer): string {
  const text = JSON.stringify(body.toString('latin1'));
  return text.length > 2_000 ? `${text.slice(0, 2_000)}… (${String(body.length)} bytes)` : text;
}
