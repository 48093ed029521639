/** The versions differ in who serves the event stream, what events carry and what a new leader knows. */
import { faultSuite } from '../support/fault-suite.ts';

for (const version of ['1.4', '1.5', '1.8'] as const) faultSuite(version, 'version-dependent');
