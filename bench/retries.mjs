// What retries add to the load of an API that answers a share of its requests with 503, and what they bring. Calls come in
// steadily, as from many users; each client has a server of its own. No time is measured.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { bareUndici, format, installClients, openAuth, row } from './harness.mjs';

const FAULTS = 0.3;
const CALLS = { mixed: 1_500, outage: 500 };
const EVERY_MS = 10;

const ONE_RETRY = 'webex-auth, one retry allowed';
/** Name → a function that is given the server's origin and gives one that makes a call, and rejects when that fails. */
const CLIENTS = {
  [ONE_RETRY]: (origin) => ours(origin, { attempts: 2 }),
  'webex-auth as it comes': (origin) => ours(origin),
  'got as it comes': async (origin) => {
    const { got } = await import('got');
    return () => got(`${origin}/v1/people/me`).json();
  },
  'undici RetryAgent as it comes': async (origin) => {
    const { Agent, request, RetryAgent } = await bareUndici();
    const dispatcher = new RetryAgent(new Agent());
    return async () => (await request(`${origin}/v1/people/me`, { dispatcher })).body.json();
  },
};

async function ours(origin, retry) {
  const auth = await openAuth(origin, {});
  await auth.grants.import('user-42', { access_token: 'a', expires_in: 1_209_600, refresh_token: 'r' });
  const webex = await auth.user('user-42');
  let calls = 0;
  // What one resource alone meets is no outage.
  return () => webex.request({ uri: calls++ % 2 ? '/rooms' : '/people/me', retry });
}

/** The rows of this benchmark. */
export async function retriesBenchmark() {
  installClients();
  const measured = await Promise.all(
    Object.entries(CLIENTS).map(async ([what, open]) => {
      const [mixed, outage] = await Promise.all([
        underFaults(open, { share: FAULTS, calls: CALLS.mixed }),
        underFaults(open, { share: 1, calls: CALLS.outage }),
      ]);
      return { what, mixed, outage };
    }),
  );
  return measured.flatMap(({ what, mixed, outage }) => {
    const isGoal = what === ONE_RETRY;
    const sends = row({
      what,
      value: mixed.sends,
      unit: 'sends a call',
      better: 'lower',
      goal: isGoal ? 1.2 : undefined,
      detail: `in a full outage ${outage.sends.toFixed(2)} sends a call`,
    });
    const success = row({
      what,
      value: mixed.succeeded * 100,
      unit: '% succeed',
      better: 'higher',
      goal: isGoal ? 77 : undefined,
      detail: `${FAULTS * 100} % of all sends fail, ${format(CALLS.mixed)} calls`,
    });
    return [sends, success];
  });
}

/** Sends per call, and the share of calls that succeeded, 0 to 1. */
async function underFaults(open, { share, calls }) {
  let sends = 0;
  const isFault = faultDeck(share);
  const server = createServer((_request, response) => {
    sends++;
    response.writeHead(isFault() ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const call = await open(`http://127.0.0.1:${server.address().port}`);
  const outcomes = [];
  for (let at = 0; at < calls; at++) {
    outcomes.push(
      call().then(
        () => 1,
        () => 0,
      ),
    );
    await setTimeout(EVERY_MS);
  }
  const succeeded = (await Promise.all(outcomes)).reduce((sum, one) => sum + one, 0);
  server.close();
  server.closeAllConnections();
  return { sends: sends / calls, succeeded: succeeded / calls };
}

/** Faults as a shuffled deck: the same share of each ten sends, in an order that chance gives. */
function faultDeck(share) {
  let deck = [];
  return () => {
    if (deck.length === 0)
      deck = Array.from({ length: 10 }, (_, at) => ({ fault: at < share * 10, order: Math.random() })).sort(
        (a, b) => a.order - b.order,
      );
    return deck.pop().fault;
  };
}
