import { KeyRing } from '../../src/sealing/key-ring.js';

// Arguments: path of the key file, umask in octal, instant at which all workers start. Prints the key's id and check.
const [path = '', umask = '', startAt = ''] = process.argv.slice(2);
process.umask(parseInt(umask, 8));
while (Date.now() < Number(startAt));
const ring = KeyRing.createFile(path);
console.log(`${ring.currentId} ${ring.keyCheck(ring.currentId)}`);
