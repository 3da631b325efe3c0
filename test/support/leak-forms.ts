/** One way in which a secret may be written somewhere. */
export interface LeakForm {
  readonly form: string;
  readonly bytes: Buffer;
}

/** Part of a secret that is a leak by itself; bytes. */
const WINDOW_BYTES = 16;
const PIECE_CHARACTERS = 24;

/** Every way of writing `secret` that the scanner knows. A spelling that equals an earlier one is not listed again. */
export function leakForms(secret: string | Uint8Array): LeakForm[] {
  const bytes = Buffer.from(secret as Uint8Array);
  const forms: [string, Buffer | string][] = [
    ['raw', bytes],
    ...byteByByte(bytes),
    ...base64Alignments(bytes),
    ...windowsOf(bytes).flatMap(printedBytes),
  ];
  if (typeof secret === 'string') forms.push(...textForms(secret));
  const seen = new Set<string>();
  return forms
    .map(([form, written]) => ({ form, bytes: Buffer.from(written as Uint8Array) }))
    .filter(({ bytes: written }) => {
      const key = written.toString('latin1');
      return !seen.has(key) && seen.add(key);
    });
}

/** All runs of 16 bytes in `bytes`; the whole when it is shorter. */
export function windowsOf(bytes: Buffer): Buffer[] {
  const count = Math.max(1, bytes.length - WINDOW_BYTES + 1);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at, at + WINDOW_BYTES));
}

/**
 * What a log that cuts its lines may leave over: all runs of 24 characters in base64 of `bytes` (18 bytes), and of 16 bytes where each
 * is written for itself, as in hex.
 */
export function piecesOf(bytes: Buffer): LeakForm[] {
  const inBase64 = base64Alignments(bytes).flatMap(([form, encoded]) =>
    Array.from({ length: Math.max(0, encoded.length - PIECE_CHARACTERS + 1) }, (_, at): [string, string] => [
      form,
      encoded.slice(at, at + PIECE_CHARACTERS),
    ]),
  );
  const inBytes = bytes.length < WINDOW_BYTES ? [] : windowsOf(bytes).flatMap(byteByByte);
  return [...inBase64, ...inBytes].map(([form, written]) => ({
    form: `piece of ${form}`,
    bytes: Buffer.from(written),
  }));
}

// As digests, fingerprints and the escapes of URLs are written.
function byteByByte(bytes: Buffer): [string, string][] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase()].flatMap((digits): [string, string][] => [
    ['hex', digits],
    ['hex with colons', digits.replace(/..(?!$)/g, '$&:')],
    ['URL-encoded', digits.replace(/../g, '%$&')],
  ]);
}

// Base64 of "something before, the secret, something after": only the characters that the secret alone decides.
function base64Alignments(bytes: Buffer): [string, string][] {
  return [0, 1, 2].flatMap((before) => {
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.length) * 8) / 6);
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(from, to);
    const inUrls = encoded.replaceAll('+', '-').replaceAll('/', '_');
    return [
      ['base64', encoded],
      ['base64url', inUrls],
    ] as [string, string][];
  });
}

// As a Buffer looks in util.inspect (the first 50 bytes only, hence windows), and in JSON.
function printedBytes(window: Buffer): [string, string][] {
  const hex = [...window].map((byte) => byte.toString(16).padStart(2, '0'));
  return [
    ['printed buffer', hex.join(' ')],
    ['list of bytes', window.join(',')],
    ['list of bytes', window.join(', ')],
  ];
}

function textForms(secret: string): [string, Buffer | string][] {
  const inUrl = percentEncoded(secret);
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1);
  const inJson = quoted(secret);
  const ascii = inJson.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [
    ['URL-encoded', inUrl],
    ['URL-encoded', lowerCaseEscapes(inUrl)],
    ['URL-encoded', inForm],
    ['URL-encoded', lowerCaseEscapes(inForm)],
    ['URL-encoded twice', percentEncoded(inUrl)],
    ['JSON-escaped', inJson],
    ['JSON-escaped', ascii],
    ['JSON-escaped', inJson.replaceAll('/', '\\/')],
    ['JSON-escaped twice', quoted(inJson)],
    ['UTF-16LE', Buffer.from(secret, 'utf16le')],
    ['UTF-16BE', Buffer.from(secret, 'utf16le').swap16()],
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function lowerCaseEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}
