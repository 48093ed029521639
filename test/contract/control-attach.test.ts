import { controlContract } from './control-contract.ts';
import { realTargets } from './real-worlds.ts';

controlContract(realTargets.filter(({ mode }) => mode === 'attach'));
