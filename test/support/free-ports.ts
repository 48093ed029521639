/** Ports for a test, from a block that no other worker of the same run and no demo takes from. */
import { portsOf } from '../../src/demo/free-ports.ts';

const blockSize = 2_500;
/** [vitest] From 1 to the number of workers; not set in programs such as the benchmark. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
const from = 20_000 + blockSize * ((worker - 1) % 4);

export const freePorts = portsOf({ from, to: from + blockSize });
