import { describe, expect, test } from 'vitest';
import { defaultClientAuthentication } from '../../src/platform/default-client-authentication.js';
import { webexEndpoints } from '../../src/platform/endpoints.js';

describe('defaultClientAuthentication', () => {
  test.each([
    [webexEndpoints().authorizationServer.tokenEndpoint, 'form'],
    [webexEndpoints('fedramp').authorizationServer.tokenEndpoint, 'form'],
    [webexEndpoints().idbroker.token, 'basic'],
    [webexEndpoints().idbroker.revoke, 'basic'],
    [webexEndpoints().device.token, 'basic'],
    [webexEndpoints('fedramp').device.token, 'basic'],
    ['http://127.0.0.1:8788/v1/device/token', 'basic'],
    ['https://evil.example/v1/token?next=/device/token', 'form'],
    ['http://127.0.0.1:8788/v1/access_token', 'form'],
    ['http://127.0.0.1:8788/idb/oauth2/v1/access_token', 'basic'],
    ['https://evil.example/v1/token?path=/idb/', 'form'],
  ])('%s: %s', async (url, expected) => {
    const form = new URLSearchParams();
    const headers = new Headers();
    const authenticate = defaultClientAuthentication(url, 's3cret');
    await authenticate({ issuer: 'https://idp.example' }, { client_id: 'C1' }, form, headers);
    expect(form.toString()).toBe(expected === 'form' ? 'client_id=C1&client_secret=s3cret' : '');
    const basic = Buffer.from('C1:s3cret').toString('base64');
    expect(headers.get('authorization')).toBe(expected === 'basic' ? `Basic ${basic}` : null);
  });
});
