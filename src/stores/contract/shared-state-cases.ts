import assert from 'node:assert/strict';
import type { SessionRecord } from '../session-store.js';
import { contractCases } from './contract-case.js';
import { OWNER } from './grant-fixture.js';

const session = (idHash: string, over: Partial<SessionRecord> = {}): SessionRecord => ({
  idHash,
  tenant: 'acme',
  subject: 'user-1',
  createdAt: 100,
  seenAt: 100,
  expiresAt: 1_000,
  ...over,
});

const ids = (sessions: SessionRecord[]): string[] => sessions.map(({ idHash }) => idHash);

/** Gates, things that happen once, sessions, history. */
export const sharedStateCases = [
  ...contractCases('gates', {
    'a gate shuts, is prolonged, and is never shortened': async (store, subject) => {
      const until = subject.now() + 60_000;
      assert.equal(await store.gates.read(OWNER, 'rate'), undefined);
      assert.deepEqual(await store.gates.shut(OWNER, 'rate', { until, reason: '429' }), {
        until,
        reason: '429',
      });
      const later = { until: until + 5, reason: 'again' };
      assert.deepEqual(await store.gates.shut(OWNER, 'rate', later), later);
      assert.deepEqual(await store.gates.shut(OWNER, 'rate', { until, reason: 'less' }), later);
      assert.deepEqual(await store.gates.read(OWNER, 'rate'), later);
      assert.equal(await store.gates.read(OWNER, 'Rate'), undefined);
    },

    'a gate opens by itself when its instant has come': async (store, subject) => {
      await store.gates.shut(OWNER, 'rate', { until: subject.now() + 60_000, reason: '429' });
      await subject.passWallTime(50_000);
      assert.ok(await store.gates.read(OWNER, 'rate'));
      await subject.passWallTime(10_000);
      assert.equal(await store.gates.read(OWNER, 'rate'), undefined);
    },

    'a gate opened by hand is open, and may be shut for less': async (store, subject) => {
      await store.gates.shut(OWNER, 'pause', { until: subject.now() + 60_000, reason: 'by hand' });
      await store.gates.open(OWNER, 'pause');
      await store.gates.open(OWNER, 'never shut');
      assert.equal(await store.gates.read(OWNER, 'pause'), undefined);
      const short = { until: subject.now() + 30_000, reason: 'short' };
      assert.deepEqual(await store.gates.shut(OWNER, 'pause', short), short);
    },

    'of 20 who shut a gate at once the longest stands': async (store, subject) => {
      const now = subject.now();
      const order = Array.from({ length: 20 }, (_, at) => (at * 7) % 20);
      await Promise.all(
        order.map((at) => store.gates.shut(OWNER, 'g', { until: now + 60_000 + at, reason: `${at}` })),
      );
      assert.deepEqual(await store.gates.read(OWNER, 'g'), { until: now + 60_019, reason: '19' });
    },
  }),

  ...contractCases('once', {
    'of 50 at once exactly one is the first': async (store, subject) => {
      const expiresAt = subject.now() + 600_000;
      const results = await Promise.all(
        Array.from({ length: 50 }, () => store.once.consume('state-1', { expiresAt })),
      );
      assert.equal(results.filter(Boolean).length, 1);
      assert.equal(await store.once.consume('state-1', { expiresAt }), false);
      assert.equal(await store.once.consume('STATE-1', { expiresAt }), true);
      assert.equal(await store.once.consume('state-1\0', { expiresAt }), true);
    },

    'a note stands until its end, whatever else is consumed': async (store, subject) => {
      assert.equal(await store.once.consume('s', { expiresAt: subject.now() + 60_000 }), true);
      await subject.passWallTime(50_000);
      for (let at = 0; at < 150; at++) {
        await store.once.consume(`other-${at}`, { expiresAt: subject.now() + 60_000 });
      }
      assert.equal(await store.once.consume('s', { expiresAt: subject.now() + 60_000 }), false);
    },

    'expired notes are removed along the way': async (store, subject) => {
      for (let at = 0; at < 50; at++) {
        await store.once.consume(`old-${at}`, { expiresAt: subject.now() + 10_000 });
      }
      await subject.passWallTime(10_001);
      for (let at = 0; at < 150; at++) {
        await store.once.consume(`new-${at}`, { expiresAt: subject.now() + 60_000 });
      }
      for (let at = 0; at < 50; at++) {
        assert.equal(await store.once.consume(`old-${at}`, { expiresAt: subject.now() + 60_000 }), true);
      }
    },

    'what was consumed stays consumed for the next process': async (store, subject) => {
      const expiresAt = subject.now() + 600_000;
      await store.once.consume('s', { expiresAt });
      const again = await subject.reopen?.();
      if (again) assert.equal(await again.once.consume('s', { expiresAt }), false);
    },
  }),

  ...contractCases('sessions', {
    'a session is kept, touched and ended': async (store) => {
      assert.equal(await store.sessions.read('h1'), undefined);
      await store.sessions.create(session('h1'));
      await store.sessions.create(session('H1'));
      assert.deepEqual(await store.sessions.read('h1'), session('h1'));
      await store.sessions.touch('h1', 250);
      await store.sessions.touch('nobody', 250);
      assert.deepEqual(await store.sessions.read('h1'), session('h1', { seenAt: 250 }));
      assert.deepEqual(await store.sessions.read('H1'), session('H1'));
      assert.equal(await store.sessions.delete('h1'), true);
      assert.equal(await store.sessions.delete('h1'), false);
      assert.equal(await store.sessions.read('h1'), undefined);
      assert.equal(await store.sessions.read('nobody'), undefined);
    },

    'a session id that is taken keeps its session': async (store) => {
      await store.sessions.create(session('h1'));
      await store.sessions.create(session('h1', { subject: 'intruder' }));
      assert.deepEqual(await store.sessions.read('h1'), session('h1'));
    },

    'sessions of a subject are listed newest first and ended together': async (store) => {
      await store.sessions.create(session('h1', { createdAt: 100 }));
      await store.sessions.create(session('h2', { createdAt: 300 }));
      await store.sessions.create(session('h3', { createdAt: 200 }));
      await store.sessions.create(session('h4', { subject: 'user-2' }));
      await store.sessions.create(session('h5', { tenant: 'other' }));
      assert.deepEqual(ids(await store.sessions.list('acme', 'user-1')), ['h2', 'h3', 'h1']);
      assert.equal(await store.sessions.deleteBySubject('acme', 'user-1'), 3);
      assert.equal(await store.sessions.deleteBySubject('acme', 'user-1'), 0);
      assert.deepEqual(await store.sessions.list('acme', 'user-1'), []);
      assert.deepEqual(ids(await store.sessions.list('acme', 'user-2')), ['h4']);
      assert.deepEqual(ids(await store.sessions.list('other', 'user-1')), ['h5']);
    },

    'purge drops what has ended, up to and with the instant': async (store) => {
      await store.sessions.create(session('h1', { expiresAt: 999 }));
      await store.sessions.create(session('h2', { expiresAt: 1_000 }));
      await store.sessions.create(session('h3', { expiresAt: 1_000.5 }));
      assert.equal(await store.sessions.purge(1_000), 2);
      assert.equal(await store.sessions.purge(1_000), 0);
      assert.ok(await store.sessions.read('h3'));
    },
  }),

  ...contractCases('audit', {
    'the history is listed newest first, by subject or whole': async (store) => {
      const entry = (at: number, subject: string) => ({
        at,
        subject,
        event: 'token:refresh',
        detail: { at, cause: 'access "\0\ud800é', stale: at % 2 === 0 },
      });
      const entries = [entry(1, 'a'), entry(2, 'b'), entry(3, 'a'), entry(4, 'a\0')];
      await store.audit.append(OWNER, entries.slice(0, 1));
      await store.audit.append(OWNER, entries.slice(1));
      await store.audit.append(OWNER, []);
      await store.audit.append({ ...OWNER, tenant: 'other' }, [entry(5, 'a')]);
      assert.deepEqual(await store.audit.list(OWNER, { limit: 10 }), entries.toReversed());
      assert.deepEqual(await store.audit.list(OWNER, { limit: 2 }), entries.toReversed().slice(0, 2));
      assert.deepEqual(await store.audit.list(OWNER, { subject: 'a', limit: 10 }), [
        entry(3, 'a'),
        entry(1, 'a'),
      ]);
      assert.deepEqual(await store.audit.list(OWNER, { subject: 'c', limit: 10 }), []);
    },
  }),

  ...contractCases('life', {
    'open is idempotent, and close too': async (store) => {
      await Promise.all([store.open(), store.open()]);
      await store.close();
      await store.close();
    },

    'a closed store says so': async (store) => {
      await store.close();
      const steps: (() => Promise<unknown>)[] = [
        () => store.open(),
        () => store.grants.nextDueAt(OWNER),
        () => store.gates.read(OWNER, 'g'),
        () => store.once.consume('s', { expiresAt: 1 }),
        () => store.sessions.read('h'),
        () => store.audit.list(OWNER, { limit: 1 }),
        () => store.leases.release({ ...OWNER, subject: 's' }, { holder: 'A', fence: 1 }),
      ];
      for (const step of steps) await assert.rejects(step, { code: 'CLOSED' });
    },
  }),
];
