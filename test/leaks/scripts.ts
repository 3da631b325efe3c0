import { CONNECTION_SCRIPTS } from './connection-scripts.js';
import { ECHO_SCRIPTS } from './echo-scripts.js';
import { ISSUED_TOKEN_SCRIPTS } from './issued-token-scripts.js';
import { LOCAL_SCRIPTS } from './local-scripts.js';
import { NETWORK_SCRIPTS } from './network-scripts.js';
import type { FaultScript } from './run-script.js';

/** Every bad day. */
export const SCRIPTS: readonly FaultScript[] = [
  ...ECHO_SCRIPTS,
  ...ISSUED_TOKEN_SCRIPTS,
  ...NETWORK_SCRIPTS,
  ...CONNECTION_SCRIPTS,
  ...LOCAL_SCRIPTS,
];
