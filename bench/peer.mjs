// The other end of all HTTP benchmarks: a fixed, fast server in a process of its own. It checks nothing. To any
// message it says how many connections were made to it.
import { createServer } from 'node:http';

const person = JSON.stringify({
  id: 'Y2lzY29zcGFyazovL3VzL1BFT1BMRS8'.padEnd(79, 'x'),
  emails: ['ann@example.com'],
  displayName: 'Ann Example',
  orgId: 'Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8'.padEnd(79, 'x'),
  created: '2020-01-01T00:00:00.000Z',
  type: 'person',
});

let count = 0;
function tokens() {
  const part = String(++count).padStart(64, 'f');
  return JSON.stringify({
    access_token: `${part}_P0A1_11111111-2222-3333-4444-555555555555`,
    expires_in: 1_209_600,
    refresh_token: `${part}_P0A1_66666666-7777-8888-9999-000000000000`,
    refresh_token_expires_in: 7_776_000,
    token_type: 'Bearer',
    scope: 'spark:all',
  });
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const body = request.method === 'POST' ? tokens() : person;
    response.writeHead(200, {
      'content-type': 'application/json;charset=UTF-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      trackingid: 'ROUTER_0000-BENCH_1',
    });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
let connections = 0;
server.on('connection', () => connections++);
process.on('message', () => process.send({ connections }));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.once('disconnect', () => process.exit());
