import { isWebexAuthError } from '../index.js';

/** What went wrong in one line: the code and what to do, never a stack trace. */
export function failureLine(error: unknown): string {
  return failureText(error).replaceAll(/[\s\p{Cc}]+/gu, ' ');
}

function failureText(error: unknown): string {
  if (isWebexAuthError(error)) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return 'INTERNAL_ERROR: something that is no error was thrown';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // Errors of the emulator and of the system say what is wrong; any other may hold anything.
  if (code === undefined) return `INTERNAL_ERROR: ${error.name}; this is a defect, please report it`;
  if (code === 'EADDRINUSE') return `${code}: the port is taken: choose another one`;
  return `${code}: ${error.message}`;
}
