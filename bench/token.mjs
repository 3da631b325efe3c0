// Warm token(): the cache hit that every API call of an application begins with.
import { format, openAuth, perSecond, row, sideBySide } from './harness.mjs';

/** The rows of this benchmark. */
export async function tokenBenchmark() {
  const auth = await openAuth('http://127.0.0.1:9', {});
  await auth.grants.import('user-42', {
    access_token: 'a'.repeat(106),
    expires_in: 1_209_600,
    refresh_token: 'r',
  });
  const { warm } = await sideBySide({
    warm: () => perSecond(() => auth.token('user-42'), { count: 200_000 }),
  });
  await auth.close();
  return [
    row({
      what: 'warm token()',
      value: warm.median,
      unit: '/s',
      goal: 1_000_000,
      better: 'higher',
      detail: `${format(warm.low)}–${format(warm.high)}/s`,
    }),
  ];
}
