/** Before all tests: packages, HAProxy and the build are there and up to date, so that e2e runs what is in src. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export default function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '..', '..', '.ci', 'setup.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
