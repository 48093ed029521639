#!/usr/bin/env node
/** argv in, exit code out. */
import { watchOutput } from './cli/output.ts';
import { createProgram } from './cli/program.ts';
import { messageOf, PacerError } from './errors.ts';

watchOutput();
try {
  const program = await createProgram(process.argv.slice(2), (code) => {
    process.exitCode ??= code;
  });
  await program.parseAsync();
} catch (error) {
  const known = error instanceof PacerError;
  const text = known
    ? `${error.message}\n  ${error.remedy} [${error.code}]`
    : `this is a bug in Pacer: ${error instanceof Error ? (error.stack ?? '') : messageOf(error)}`;
  process.stderr.write(`pacer: ${text}\n`);
  process.exitCode = known ? 2 : 70;
}
