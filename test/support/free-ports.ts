/** Ports for a test, from a block that no other worker of the same run and no demo takes from. */
import { portsOf } from '../../src/demo/free-ports.ts';

const blockSize = 500;
const workers = 4;
/** Whole runs side by side are unlikely to share blocks: the workers of one have the same parent. */
const run = process.ppid % 5;
/** [vitest] From 1 to the number of workers; not set in programs such as the benchmark. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
const from = 20_000 + blockSize * (run * workers + ((worker - 1) % workers));

export const freePorts = portsOf({ from, to: from + blockSize });
