import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicId, uuidOfOrgId, uuidOfPublicId } from '../../src/platform/public-id.js';

const uuid = '96abc2aa-3dcc-11e5-a152-fe34819cdc9a';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('publicId', () => {
  test('is what Webex shows', () => {
    expect(publicId('PEOPLE', 'f5b36187-c8dd-4727-8b2f-f9c447f29046')).toBe(
      'Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY',
    );
  });

  test('gives its UUID back, for its own type only, padded or not', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.stringMatching(/^[A-Z_]{1,20}$/), (id, type) => {
        const made = publicId(type, id);
        expect(made).toMatch(/^[A-Za-z0-9+/]+$/);
        expect(uuidOfPublicId(made, type)).toBe(id);
        expect(uuidOfPublicId(base64(`ciscospark://us/${type}/${id}`))).toBe(id);
        expect(uuidOfPublicId(made, `${type}X`)).toBeUndefined();
      }),
    );
  });
});

describe('uuidOfPublicId', () => {
  test.each([
    ['upper case', base64(`ciscospark://us/ROOM/${uuid.toUpperCase()}`), uuid],
    ['a cluster', base64(`ciscospark://urn:TEAM:us-east-2_a/ROOM/${uuid}`), uuid],
    ['the plain UUID', uuid, undefined],
    ['another scheme', base64(`https://us/ROOM/${uuid}`), undefined],
    ['no UUID', publicId('APPLICATION', `C${'0'.repeat(64)}`), undefined],
    ['more behind', publicId('ROOM', `${uuid}/x`), undefined],
    ['text before', base64(` ciscospark://us/ROOM/${uuid}`), undefined],
    ['characters that decoders skip', `${publicId('ROOM', uuid)}\n`, undefined],
    ['great length', 'A'.repeat(1_000_000), undefined],
    ['nothing', '', undefined],
  ])('%s', (_name, id, expected) => expect(uuidOfPublicId(id)).toBe(expected));
});

describe('uuidOfOrgId', () => {
  test.each([
    ['plain', uuid, uuid],
    ['plain, upper case', uuid.toUpperCase(), uuid],
    ['a public id', publicId('ORGANIZATION', uuid), uuid],
    ['base64 of the plain one', 'OTZhYmMyYWEtM2RjYy0xMWU1LWExNTItZmUzNDgxOWNkYzlh', uuid],
    ['the id of something else', publicId('PEOPLE', uuid), undefined],
    ['junk', 'customer', undefined],
    ['a number', 5, undefined],
    ['null', null, undefined],
    ['a list', [uuid], undefined],
  ])('%s', (_name, orgId, expected) => expect(uuidOfOrgId(orgId)).toBe(expected));
});
