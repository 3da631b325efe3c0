import { expect, it } from 'vitest';
import { Emitter } from '../../src/base/emitter.js';
import { StoreUnavailableError } from '../../src/errors.js';
import type { WebexAuthEvents } from '../../src/events.js';
import { memoryStore } from '../../src/stores/memory-store.js';
import { AuditTrail } from '../../src/telemetry/audit-trail.js';
import { fakeClock } from '../support/fake-clock.js';

const owner = { tenant: 't', clientId: 'c' };

function trail() {
  const clock = fakeClock();
  const emitter = new Emitter<WebexAuthEvents>();
  const { audit } = memoryStore({ clock });
  return { clock, emitter, audit, trail: new AuditTrail({ emitter, audit, owner, clock }) };
}

it('writes a moment later, so that the event itself never waits for the store', async () => {
  const { clock, emitter, audit } = trail();
  emitter.emit('login', { subject: 'a', kind: 'authorization_code' });
  expect(await audit.list(owner, { limit: 10 })).toEqual([]);
  await clock.advance(200);
  expect(await audit.list(owner, { subject: 'a', limit: 10 })).toEqual([
    { at: clock.now() - 200, subject: 'a', event: 'login', detail: { kind: 'authorization_code' } },
  ]);
});

it('keeps the order, leaves out what has no subject and what is undefined', async () => {
  const { emitter, audit, trail: one } = trail();
  emitter.emit('token:refresh', { subject: 'a', expiresAt: undefined, cause: 'access', attempts: 1, ms: 5 });
  emitter.emit('auth:error', {
    subject: undefined,
    code: 'X',
    retryable: false,
    trackingId: undefined,
    retryAt: undefined,
  });
  emitter.emit('logout', { subject: 'a', revoked: true });
  await one.close();
  expect((await audit.list(owner, { limit: 10 })).map(({ event, detail }) => [event, detail])).toEqual([
    ['logout', { revoked: true }],
    ['token:refresh', { cause: 'access', attempts: 1, ms: 5 }],
  ]);
});

it('keeps entries while the store is away and writes them when it is back', async () => {
  const { clock, emitter, audit } = trail();
  const append = audit.append.bind(audit);
  audit.append = () => Promise.reject(new StoreUnavailableError('away'));
  emitter.emit('login', { subject: 'a', kind: 'k' });
  await clock.advance(1_000);
  audit.append = append;
  emitter.emit('logout', { subject: 'a', revoked: false });
  await clock.advance(1_000);
  expect((await audit.list(owner, { limit: 10 })).map(({ event }) => event)).toEqual(['logout', 'login']);
});
