import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/index.js';
import { wellFormed, type Talk } from './raw-webex.js';
import { GOOD, NEXT, OK, readingRig, SUBJECT } from './reading-rig.js';

// The first rows of "What is read" (docs/http-client.md): bodies, as bytes on a connection, for a refresh through the public face.

const { isAccepted, isRefused } = readingRig();
const CAP = 1_048_576;
const MIB = 1_048_576;

const PAGE = '<!doctype html><html><body><form action="/portal">Sign in to this network</form></body></html>';
const HTML = { fields: ['content-type: text/html'] };

describe('a body that cannot be read', () => {
  it.each<[string, Talk, ErrorCode]>([
    ['empty', wellFormed(''), 'PROTOCOL_ERROR'],
    ['cut', wellFormed(OK.slice(0, -20)), 'PROTOCOL_ERROR'],
    ['null', wellFormed('null'), 'PROTOCOL_ERROR'],
    ['a list', wellFormed(`[${OK}]`), 'PROTOCOL_ERROR'],
    ['a string', wellFormed(JSON.stringify(OK)), 'PROTOCOL_ERROR'],
    ['with garbage behind it', wellFormed(`${OK}x`), 'PROTOCOL_ERROR'],
    [
      'with bytes in the tokens that are no UTF-8',
      wellFormed(Buffer.from(OK.replaceAll('next', 'n\xffxt'), 'latin1')),
      'PROTOCOL_ERROR',
    ],
    ['in UTF-16', wellFormed(Buffer.from(`\uFEFF${OK}`, 'utf16le')), 'PROTOCOL_ERROR'],
    ['100,000 deep', wellFormed('['.repeat(100_000) + ']'.repeat(100_000)), 'PROTOCOL_ERROR'],
    [
      'a member 100,000 deep',
      wellFormed(`{"access_token":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
      'PROTOCOL_ERROR',
    ],
    ['a page with 200', wellFormed(PAGE, HTML), 'PROTOCOL_ERROR'],
    ['a page with 502', wellFormed(PAGE, { ...HTML, status: 502 }), 'SERVICE_UNAVAILABLE'],
    ['of broken gzip', wellFormed('canary', { fields: ['content-encoding: gzip'] }), 'PROTOCOL_ERROR'],
    [
      'of cut gzip',
      wellFormed(gzipSync(OK).subarray(0, -9), { fields: ['content-encoding: gzip'] }),
      'PROTOCOL_ERROR',
    ],
    ['with 999', wellFormed(OK, { status: 999 }), 'PROTOCOL_ERROR'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'PROTOCOL_ERROR'],
    [
      '206 with a part',
      wellFormed(OK.slice(0, 40), { status: 206, fields: ['content-range: bytes 0-39/200'] }),
      'PROTOCOL_ERROR',
    ],
    [
      '101',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
      'NETWORK_ERROR',
    ],
    // undici has not asked for it (no Expect), and takes the connection for broken.
    [
      '100 before it',
      Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), wellFormed(OK)]),
      'NETWORK_ERROR',
    ],
    ['100 and nothing more', 'HTTP/1.1 100 Continue\r\n\r\n', 'NETWORK_ERROR'],
  ])('F3: %s, refused', (_, talk, code) => isRefused(talk, code));

  it.each<[string, Talk]>([
    ['with a byte order mark', wellFormed(`\uFEFF${OK}`)],
    [
      'with bytes that are no UTF-8 in a member nobody reads',
      wellFormed(Buffer.from(`{"note":"\xff",${OK.slice(1)}`, 'latin1')),
    ],
    ['that says it is text', wellFormed(OK, { fields: ['content-type: text/plain'] })],
    ['that says it is UTF-16', wellFormed(OK, { fields: ['content-type: application/json;charset=utf-16'] })],
    ['that does not say what it is', wellFormed(OK, { fields: [] })],
    [
      'after 103',
      Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'), wellFormed(OK)]),
    ],
    ['with 201', wellFormed(OK, { status: 201 })],
    ['with 206', wellFormed(OK, { status: 206 })],
  ])('F3: %s, accepted', async (_, talk) => {
    const auth = await isAccepted(talk);
    expect((await auth.token(SUBJECT)).accessToken).toBe(NEXT.access_token);
  });
});

describe('an answer that is too large', () => {
  const HUNDRED_MB = 100_000_000;
  // As fast as it is read.
  const stream =
    (head: string, part: Buffer, parts: number): Talk =>
    (socket) => {
      socket.write(head);
      let left = parts;
      const more = (): void => {
        while (left-- > 0 && !socket.destroyed)
          if (!socket.write(part)) return void socket.once('drain', more);
      };
      more();
    };
  const block = Buffer.alloc(65_536, 'x');
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]);
  const blocks = Math.ceil(HUNDRED_MB / block.length);
  const json = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

  it.each<[string, () => Talk]>([
    [
      '100 MB with its length',
      () => stream(`${json}content-length: ${String(blocks * block.length)}\r\n\r\n`, block, blocks),
    ],
    ['100 MB in chunks', () => stream(`${json}transfer-encoding: chunked\r\n\r\n`, chunk, blocks)],
    ['100 MB without an end', () => stream(`${json}\r\n`, block, blocks)],
    [
      '100 MB out of 100 KB of gzip',
      () => wellFormed(gzipSync(Buffer.alloc(HUNDRED_MB)), { fields: ['content-encoding: gzip'] }),
    ],
    ['1 MiB and a byte', () => wellFormed(OK + ' '.repeat(CAP + 1 - OK.length))],
    ['64 KB of header fields', () => wellFormed(OK, { fields: [`x-long: ${'y'.repeat(65_536)}`] })],
  ])('F4: %s, cut', async (_, make) => {
    const talk = make();
    const before = process.memoryUsage().rss;
    await isRefused(talk, 'RESPONSE_TOO_LARGE');
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(32);
  });

  it.each(['access_token', 'refresh_token', 'note'])(
    'F4: a %s of 1 MB costs no memory either',
    async (name) => {
      const digits = Array.from({ length: 200_000 }, (_, index) => index.toString(36)).join('');
      const talk = wellFormed(
        JSON.stringify({ ...GOOD, access_token: undefined, refresh_token: undefined, [name]: digits }),
      );
      const before = process.memoryUsage().rss;
      await isRefused(talk, 'PROTOCOL_ERROR');
      expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(32);
    },
  );

  it('F4: 1 MiB to the byte, accepted', async () => {
    await isAccepted(wellFormed(OK + ' '.repeat(CAP - OK.length)));
  });
});
