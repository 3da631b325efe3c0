import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/stores/memory-store.js';
import type { SessionStore } from '../../src/stores/session-store.js';
import { Sessions } from '../../src/web/sessions.js';
import { fakeClock } from '../support/fake-clock.js';

const HOUR = 3_600_000;
const NAME = '__Host-webex-auth-session';

function setUp() {
  const clock = fakeClock();
  const { sessions: store } = memoryStore({ clock });
  const written: string[] = [];
  const touched: number[] = [];
  const spy: SessionStore = {
    create: (session) => (written.push(JSON.stringify(session)), store.create(session)),
    read: (idHash) => store.read(idHash),
    touch: (idHash, seenAt) => (touched.push(seenAt), store.touch(idHash, seenAt)),
    delete: (idHash) => store.delete(idHash),
    deleteBySubject: (tenant, subject) => store.deleteBySubject(tenant, subject),
    list: (tenant, subject) => store.list(tenant, subject),
    purge: (before) => store.purge(before),
  };
  const options = { store: spy, redirectUri: 'https://app.example.test/cb', clock };
  const sessions = new Sessions({ ...options, tenant: 'default' });
  const others = new Sessions({ ...options, tenant: 'other' });
  return { clock, store, sessions, others, written, touched };
}

function carrying(id: string): { headers: Headers } {
  return { headers: new Headers({ cookie: `${NAME}=${id}` }) };
}

describe('sessions', () => {
  it('I3: give the browser a 256-bit id and the store only its hash', async () => {
    const { sessions, written } = setUp();
    const { id, setCookie } = await sessions.create('ada');
    expect(Buffer.from(id, 'base64url')).toHaveLength(32);
    expect(setCookie).toBe(`${NAME}=${id}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure`);
    expect(written.join()).not.toContain(id);
    const { idHash } = JSON.parse(written[0] ?? '') as { idHash: string };
    expect(idHash).toBe(createHash('sha256').update(id).digest('base64url'));
    expect(await sessions.read(carrying(idHash))).toBeUndefined();
    expect(await sessions.read(carrying(id))).toEqual({ subject: 'ada', idHash });
  });

  it.each([
    '',
    'x',
    'a'.repeat(43),
    'a'.repeat(42),
    'a'.repeat(5000),
    '../../etc/passwd',
    `${'a'.repeat(42)}=`,
  ])('I2: never adopt the planted id %j', async (planted) => {
    const { sessions } = setUp();
    expect(await sessions.read(carrying(planted))).toBeUndefined();
    const made = await sessions.create('ada', { replacing: carrying(planted) });
    expect(made.id).not.toBe(planted);
    expect(await sessions.read(carrying(planted))).toBeUndefined();
  });

  it('I2: end the old session when a new one replaces it', async () => {
    const { sessions } = setUp();
    const before = await sessions.create('ada');
    const after = await sessions.create('bob', { replacing: carrying(before.id) });
    expect(await sessions.read(carrying(before.id))).toBeUndefined();
    expect((await sessions.read(carrying(after.id)))?.subject).toBe('bob');
  });

  it('I4: end after 8 idle hours, on the server', async () => {
    const { sessions, store, clock } = setUp();
    const { id } = await sessions.create('ada');
    clock.jump(8 * HOUR - 1);
    expect(await sessions.read(carrying(id))).toBeDefined();
    clock.jump(8 * HOUR - 1);
    expect(await sessions.read(carrying(id))).toBeDefined();
    clock.jump(8 * HOUR);
    expect(await sessions.read(carrying(id))).toBeUndefined();
    expect(await store.list('default', 'ada')).toEqual([]);
  });

  it('I4: end after 7 days, however busy', async () => {
    const { sessions, clock } = setUp();
    const { id } = await sessions.create('ada');
    for (let hour = 1; hour < 7 * 24; hour++) {
      clock.jump(HOUR);
      expect(await sessions.read(carrying(id))).toBeDefined();
    }
    clock.jump(HOUR);
    expect(await sessions.read(carrying(id))).toBeUndefined();
    expect(await sessions.reissue(id)).toBeUndefined();
  });

  it('note activity at most once a minute', async () => {
    const { sessions, clock, touched } = setUp();
    const { id } = await sessions.create('ada');
    for (let second = 0; second < 180; second++) {
      await sessions.read(carrying(id));
      clock.jump(1000);
    }
    expect(touched).toHaveLength(2);
  });

  it('I4: are over for good once ended', async () => {
    const { sessions } = setUp();
    const { id } = await sessions.create('ada');
    expect((await sessions.end(carrying(id)))?.subject).toBe('ada');
    expect(await sessions.read(carrying(id))).toBeUndefined();
    expect(await sessions.end(carrying(id))).toBeUndefined();
    expect(sessions.clearCookie).toContain(`${NAME}=; Path=/; Max-Age=0`);
  });

  it('mean nothing to another tenant of the same store', async () => {
    const { sessions, others } = setUp();
    const { id } = await sessions.create('ada');
    expect(await others.read(carrying(id))).toBeUndefined();
    expect(await others.end(carrying(id))).toBeUndefined();
    expect(await sessions.read(carrying(id))).toBeDefined();
  });
});
