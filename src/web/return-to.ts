const LONGEST = 1024;
const ROUNDS_OF_DECODING = 4;
// A host that can never be ours: whatever resolves away from it would leave the site.
const HERE = 'https://return-to.invalid';

/**
 * Where the browser goes after a login: a path of this site as a browser would resolve it, normalised and ASCII, or '/'
 * for anything else (RFC 9700, 4.11). At most 1,024 characters.
 */
export function safeReturnTo(target: string | null | undefined): string {
  if (!target || target.length > LONGEST || !staysHere(target)) return '/';
  const { pathname, search, hash } = new URL(target, HERE);
  const path = pathname + search + hash;
  return path.length <= LONGEST && readings(pathname).every(staysHere) ? path : '/';
}

function staysHere(target: string): boolean {
  if (!/^\/(?![/\\])/.test(target) || hasForbidden(target)) return false;
  try {
    const url = new URL(target, HERE);
    // '/.//evil.example' resolves to a path that, used as a Location again, names another host.
    return url.origin === HERE && url.username === '' && !/^\/[/\\]/.test(url.pathname);
  } catch {
    return false;
  }
}

/** Browsers drop tab, CR and LF, read a backslash as a slash, and strip C0 controls and spaces at the ends. */
function hasForbidden(target: string): boolean {
  // Controls (C0, DEL, C1), separators, format characters and lone surrogates.
  return /[\\\p{Cc}\p{Z}\p{Cf}\p{Cs}]/u.test(target);
}

/** The path as proxies that decode once or more would read it. */
function readings(path: string): string[] {
  const found = [path];
  for (let round = 0, last = path; round < ROUNDS_OF_DECODING; round++) {
    last = last.replace(/%([0-7][\da-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    // A decoded '?' or '#' would hide the rest of the path from the check; a space is harmless inside.
    found.push(last.replace(/[?# ]/g, '_'));
  }
  return found;
}
