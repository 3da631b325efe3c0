import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { RawAnswer } from './answers.js';

/** How a body is put on the wire: header fields, and the bytes that follow them. */
type Framing = (body: Buffer) => readonly [fields: readonly string[], bytes: Buffer];

const chunk = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
const chunked = (body: Buffer, end = '0\r\n\r\n'): Buffer =>
  Buffer.concat([
    ...(body.length > 0
      ? [chunk(body.subarray(0, 7)), ...(body.length > 7 ? [chunk(body.subarray(7))] : [])]
      : []),
    Buffer.from(end),
  ]);
const sized = (body: Buffer, coding?: string): readonly [string[], Buffer] => [
  [
    `content-length: ${String(body.length)}`,
    ...(coding === undefined ? [] : [`content-encoding: ${coding}`]),
  ],
  body,
];
const expansion = gzipSync(Buffer.alloc(8_000_000, 0x20));

const FRAMINGS: readonly Framing[] = [
  ...Array<Framing>(6).fill((body) => sized(body)),
  (body) => [['transfer-encoding: chunked'], chunked(body)],
  (body) => [['transfer-encoding: chunked'], chunked(body, '0\r\nx-admin: 1\r\n\r\n')],
  (body) => [['transfer-encoding: chunked'], chunked(body, 'zz\r\n')],
  (body) => [['transfer-encoding: chunked'], chunked(body, 'ffffffff\r\nx')],
  (body) => [['transfer-encoding: chunked', `content-length: ${String(body.length)}`], chunked(body)],
  (body) => [[], body],
  (body) => [[`content-length: ${String(body.length + 10)}`], body],
  (body) => [[`content-length: ${String(Math.max(0, body.length - 10))}`], body],
  (body) => [['content-length: 1', 'content-length: 2'], body],
  (body) => [['content-length: -1'], body],
  (body) => sized(gzipSync(body), 'gzip'),
  (body) => sized(gzipSync(body).subarray(0, -9), 'gzip'),
  (body) => sized(Buffer.concat([gzipSync(body), Buffer.from('garbage')]), 'GZIP'),
  (body) => sized(body, 'gzip'),
  (body) => sized(body, 'deflate'),
  (body) => sized(deflateSync(body), 'deflate'),
  (body) => sized(brotliCompressSync(body), 'br'),
  (body) => sized(body, 'br'),
  (body) => sized(body, 'gzip, br'),
  (body) => sized(body, 'unheard-of'),
  () => sized(expansion, 'gzip'),
];

const LINES = [
  'no colon',
  ': no name',
  'x-long: ' + 'x'.repeat(70_000),
  'x-many: 1\r\n'.repeat(500).trim(),
  ' folded: line',
  'x-nul: \u0000',
  'x-bytes: \u00ff\u00fe',
  'connection: close',
  'connection: upgrade\r\nupgrade: websocket',
  'x\u0000y: z',
];
const STARTS = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n',
  '\r\n',
  'HTTP/1.1 101 Switching\r\n\r\n',
  'garbage\r\n\r\n',
  '',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'ICY', 'http/1.1'];

/** What goes over a connection, and the body that it began as. */
export interface Sent {
  readonly bytes: Buffer;
  readonly body: Buffer;
}

/** The same answers as bytes on the wire, well framed and badly; some of them cut or with changed bytes. */
export function onTheWire(answers: fc.Arbitrary<RawAnswer>): fc.Arbitrary<Sent> {
  const whole = fc
    .record({
      answer: answers,
      framing: fc.constantFrom(...FRAMINGS),
      line: fc.option(fc.constantFrom(...LINES), { freq: 4, nil: undefined }),
      start: fc.oneof(
        { weight: 8, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.constantFrom(...STARTS) },
      ),
      version: fc.oneof(
        { weight: 8, arbitrary: fc.constant('HTTP/1.1') },
        { weight: 1, arbitrary: fc.constantFrom(...VERSIONS) },
      ),
    })
    .map(({ answer: { status, headers, body }, framing, line, start, version }) => {
      const [fields, bytes] = framing(body);
      const framed = ['content-length', 'content-encoding', 'transfer-encoding'];
      const others = Object.entries(headers).filter(([name]) => !framed.includes(name));
      const lines = [
        `${version} ${String(status)} Whatever`,
        ...others.map((one) => one.join(': ')),
        ...fields,
        ...(line === undefined ? [] : [line]),
      ];
      const head = Buffer.from(`${start}${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      return { bytes: Buffer.concat([head, bytes]), body };
    });
  const flipped = fc
    .tuple(whole, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }))
    .map(([{ bytes, body }, flips]) => {
      const copy = Buffer.from(bytes);
      for (const [at, byte] of flips) copy[at % copy.length] = byte;
      return { bytes: copy, body };
    });
  const cut = fc
    .tuple(whole, fc.nat(1_000))
    .map(([{ bytes, body }, at]) => ({ bytes: bytes.subarray(0, at % bytes.length), body }));
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 2, arbitrary: flipped },
    { weight: 1, arbitrary: cut },
  );
}
