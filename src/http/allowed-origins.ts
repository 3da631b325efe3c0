import { ConfigurationError, OriginNotAllowedError } from '../errors.js';
import { isLoopback, secureUrl } from '../base/secure-url.js';

// Scheme and authority as written: no userinfo, no escapes, nothing outside ASCII, no backslash.
const PLAIN_AUTHORITY = /^https?:\/\/([a-z0-9.:[\]-]+)([/?#]|$)/i;
const CONTROL_OR_BACKSLASH = /[\p{Cc}\\]/u;

/** Whether a path or URL holds characters that URL parsers drop or turn into slashes. */
export function isDeceptive(text: string): boolean {
  return CONTROL_OR_BACKSLASH.test(text);
}

/** The origins a bearer may go to: exact scheme, host and port, nothing else (RFC 9700, 4.9). */
export class AllowedOrigins {
  readonly #origins: ReadonlySet<string>;
  readonly #isAllowed: ((origin: string) => boolean) | undefined;

  /** `isAllowed` is asked about https and loopback origins that are not in the list: those that become known later. */
  constructor(origins: readonly string[], isAllowed?: (origin: string) => boolean) {
    this.#origins = new Set(origins.map(parseOrigin));
    this.#isAllowed = isAllowed;
  }

  /** The URL, parsed, if it lies on one of the origins; else `OriginNotAllowedError`. */
  check(url: string | URL): URL {
    const text = typeof url === 'string' ? url : url.href;
    const authority = PLAIN_AUTHORITY.exec(text)?.[1]?.toLowerCase();
    if (authority === undefined || isDeceptive(text) || !URL.canParse(text)) throw refusal();
    const parsed = new URL(text);
    if (!this.#origins.has(parsed.origin) && !this.#isKnown(parsed)) throw refusal(parsed.origin);
    // Other spellings of the same host (127.1, 0x7f000001) serve nobody who is honest.
    if (authority !== parsed.host && authority !== `${parsed.host}:443`) throw refusal();
    return parsed;
  }

  #isKnown({ protocol, hostname, origin }: URL): boolean {
    return (protocol === 'https:' || isLoopback(hostname)) && this.#isAllowed?.(origin) === true;
  }
}

function parseOrigin(origin: string): string {
  const url = PLAIN_AUTHORITY.test(origin) ? secureUrl(origin) : undefined;
  if (url && url.href === `${url.origin}/` && !url.hostname.endsWith('.')) return url.origin;
  throw new ConfigurationError([
    {
      setting: 'allowedOrigins',
      problem: 'each must be https://host or https://host:port (http only for this machine)',
      example: 'https://webexapis.com',
    },
  ]);
}

function refusal(origin?: string): OriginNotAllowedError {
  const what = origin && origin !== 'null' ? origin : 'this URL';
  return new OriginNotAllowedError(
    `Nothing was sent: ${what} is no allowed origin; list it in allowedOrigins if Webex's tokens may go there`,
  );
}
