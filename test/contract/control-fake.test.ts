import { controlContract } from './control-contract.ts';
import { fakeTargets } from './fake-worlds.ts';

controlContract(fakeTargets);
