// One client of the GET benchmark in a process of its own, where no other client's code, heap or timers are.
// Arguments: the client's name, the origin. Each message { count, width } is a round, answered { perSecond, cpuMicros }.
import { GET_CLIENTS } from './get-clients.mjs';
import { perSecond } from './harness.mjs';

const [name, origin] = process.argv.slice(2);
// As long as Webex's are, and of their three parts: webex-core looks.
const token = `${'a'.repeat(64)}_P0A1_11111111-2222-3333-4444-555555555555`;
const call = await GET_CLIENTS[name](origin, token);

const { id } = await call();
if (typeof id !== 'string') throw new Error(`${name} was not answered with a person`);

process.on('message', async ({ count, width }) => {
  const before = process.cpuUsage();
  const rate = await perSecond(call, { count, width });
  const { user, system } = process.cpuUsage(before);
  process.send({ perSecond: rate, cpuMicros: (user + system) / count });
});
process.once('disconnect', () => process.exit());
process.send('ready');
