import { describe, expect, it } from 'vitest';
import { CLIENT_SETTINGS } from '../../src/config/setting-names.js';
import { assertKnownSettings } from '../../src/config/unknown-settings.js';
import { ConfigurationError } from '../../src/errors.js';

const settings = { path: 'client', known: CLIENT_SETTINGS, ignored: { colour: 'nothing has one' } };

describe('settings', () => {
  it('that are known pass, and what is ignored is told', () => {
    expect(assertKnownSettings({}, settings)).toEqual([]);
    expect(assertKnownSettings({ clientId: 1, scope: undefined, colour: 'red' }, settings)).toEqual([
      { setting: 'client.colour', why: 'nothing has one' },
    ]);
  });

  it.each([
    ['client_id', 'client.clientId'],
    ['CLIENTSECRET', 'client.clientSecret'],
    ['redirect-uri', 'client.redirectUri'],
    ['redirectURL', 'client.redirectUri'],
    ['scopes', 'client.scope'],
    ['clientTpye', 'client.clientType'],
    ['toString', undefined],
    ['constructor', undefined],
    ['timeout', undefined],
    ['x', undefined],
  ])('that are not known are named: %s', (name, meant) => {
    const problem = meant ? `is not a setting; did you mean ${meant}?` : 'is not a setting';
    expect(() => assertKnownSettings({ [name]: 1 }, settings)).toThrow(`client.${name}: ${problem}`);
  });

  it('are all named at once', () => {
    expect(() => assertKnownSettings({ client_id: 1, zzz: 2 }, settings)).toThrow(/client_id.*; client\.zzz/);
  });

  it('of a prototype do not count, but one called __proto__ does', () => {
    expect(assertKnownSettings(Object.create({ zzz: 1 }) as object, settings)).toEqual([]);
    const own = JSON.parse('{"__proto__": 1}') as object;
    expect(() => assertKnownSettings(own, settings)).toThrow(/client\.__proto__: is not a setting/);
  });

  it.each(['a'.repeat(64), 'se cret', 'x\n', ''])(
    'whose name may be a value are not repeated: %j',
    (name) => {
      expect(() => assertKnownSettings({ [name]: 1 }, settings)).toThrow(
        /^client\.\(a name that is no identifier\): is not a setting$/,
      );
    },
  );

  it.each([[null], [undefined], ['text'], [[1]]])('must be an object: %j', (value) => {
    const check = (): unknown => assertKnownSettings(value as unknown as object, settings);
    expect(check).toThrow(ConfigurationError);
    expect(check).toThrow('client: must be an object');
  });
});
