import type { ConfigurationProblem } from '../errors.js';
import { checkNumber } from './number-setting.js';
import { functionProblems } from './part-settings.js';
import { recordOf } from './record.js';
import { findUnknownSettings } from './unknown-settings.js';

/** What is wrong with the settings of the HTTP client; nothing when they are undefined. The proxy's URL is never repeated. */
export function httpProblems(value: unknown): readonly ConfigurationProblem[] {
  if (value === undefined) return [];
  const http = recordOf(value);
  if (!http)
    return [{ setting: 'http', problem: 'must be an object', example: '{ retry: { attempts: 2 } }' }];
  const { proxy, retry, onRetry } = http;
  const isProxy = proxy === undefined || proxy === false || typeof proxy === 'string';
  const known = ['proxy', 'retry', 'onRetry'];
  return [
    ...findUnknownSettings(http, { path: 'http', known }).problems,
    ...(isProxy
      ? []
      : [
          { setting: 'http.proxy', problem: 'must be a URL, or false', example: 'http://proxy.example:3128' },
        ]),
    ...retryProblems(retry),
    ...functionProblems('http', { onRetry }),
  ];
}

function retryProblems(value: unknown): readonly ConfigurationProblem[] {
  if (value === undefined || value === false) return [];
  const retry = recordOf(value);
  const example = '{ attempts: 2, maxRetryAfterMs: 10000 }';
  if (!retry) return [{ setting: 'http.retry', problem: 'must be an object, or false', example }];
  const known = ['attempts', 'maxRetryAfterMs'];
  return [
    ...findUnknownSettings(retry, { path: 'http.retry', known }).problems,
    ...checkNumber('http.retry.attempts', retry['attempts'], { min: 1, max: 3, unit: 'attempts' }),
    ...checkNumber('http.retry.maxRetryAfterMs', retry['maxRetryAfterMs'], { unit: 'milliseconds' }),
  ];
}
