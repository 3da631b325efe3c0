import { isWebexAuthError } from '../index.js';

/** What went wrong in one line: the code and what to do, never a stack trace. */
export function failureLine(error: unknown): string {
  return failureText(error).replaceAll(/\s+/g, ' ');
}

function failureText(error: unknown): string {
  if (isWebexAuthError(error)) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return 'INTERNAL_ERROR: something that is no error was thrown';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL_ERROR';
  return `${code}: ${error.message}`;
}
