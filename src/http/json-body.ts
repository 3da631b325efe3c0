const JSON_TYPE = /^application\/([^;]+\+)?json\b/i;
const TEXT_TYPE = /^(text\/|application\/([^;]+\+)?(xml|javascript|x-www-form-urlencoded)\b)/i;

/** A body that says it is JSON and is not. */
export const NOT_JSON = Symbol('not JSON');

/** What a body holds: JSON parsed, text as a string, anything else as bytes, nothing as undefined. */
export function bodyContent(bytes: Buffer, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  const type = contentType ?? 'text/plain';
  if (!JSON_TYPE.test(type)) return TEXT_TYPE.test(type) ? bytes.toString() : bytes;
  try {
    return JSON.parse(bytes.toString().replace(/^\uFEFF/, '')) as unknown;
  } catch {
    return NOT_JSON;
  }
}
