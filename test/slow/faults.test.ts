import { faultSuite } from '../support/fault-suite.ts';

for (const version of ['1.4', '1.5', '1.8'] as const) faultSuite(version, 'all');
