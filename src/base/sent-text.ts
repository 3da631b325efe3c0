// What is larger is no form with secrets, and would be slow to look through.
const LARGEST = 64 * 1024;

/** The secrets of a request as plain text, to tell whether a server echoes them: a form decoded, Basic credentials too. */
export function sentText({
  headers,
  body,
}: {
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}): string {
  const authorization = headers['authorization'] ?? '';
  const credentials = Buffer.from(authorization.replace(/^\w+ /, ''), 'base64').toString('latin1');
  const text = typeof body === 'string' && body.length <= LARGEST ? decoded(body) : '';
  return [text, authorization, credentials].join('\n');
}

// A form is encoded; a JSON body is not, and may hold a lone percent sign.
function decoded(body: string): string {
  try {
    return decodeURIComponent(body);
  } catch {
    return body;
  }
}
