/** Ports for a test, from a block that no other worker of the same run takes from. */
import { freePorts as freePortsIn } from '../../src/demo/free-ports.ts';

const blockSize = 9_000;
/** [vitest] From 1 to the number of workers. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
const from = 12_000 + blockSize * ((worker - 1) % 2);

export const freePorts = (count: number): Promise<number[]> =>
  freePortsIn(count, { from, to: from + blockSize });
