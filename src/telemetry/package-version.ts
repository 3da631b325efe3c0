import { readFileSync } from 'node:fs';

/** The version of this package; `unknown` where its manifest is not beside it, as in a bundle. */
export function packageVersion(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    return name === 'webex-auth' && typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
}
