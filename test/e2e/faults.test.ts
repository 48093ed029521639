import { faultSuite } from '../support/fault-suite.ts';

faultSuite('1.11', 'all');
