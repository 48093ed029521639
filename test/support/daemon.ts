/** A daemon of a few lines in a process of its own, to be killed: it starts HAProxy as Pacer does, and waits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import type { SuperviseOptions } from '../../src/haproxy/control/supervise.ts';
import { temporaryFolder } from './haproxy.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface TestDaemon {
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Resolves when the daemon's HAProxy serves. */
export async function spawnDaemon(work: {
  readonly options: Omit<SuperviseOptions, 'log'>;
  readonly configFile: string;
  readonly hash: string;
}): Promise<TestDaemon> {
  const folder = compileAdapter();
  writeFileSync(
    path.join(folder, 'daemon.js'),
    `import { superviseHaproxy } from './src/haproxy/control/supervise.js';
     const { options, configFile, hash } = ${JSON.stringify(work)};
     await superviseHaproxy(options).start(configFile, hash);
     console.log('serving');
     setInterval(() => undefined, 1000);`,
  );
  const child = spawn(process.execPath, [path.join(folder, 'daemon.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await firstOutput(child);
  return { ended, kill: (signal) => child.kill(signal) };
}

async function firstOutput(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code ?? 'a signal'}`)));
  });
}

/** Node 20 runs no TypeScript, and dist/ may be old: only the types are taken off. */
function compileAdapter(): string {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  for (const file of ['errors.ts', ...sources('haproxy')]) {
    const target = path.join(folder, 'src', file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(path.join(root, 'src', file), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    writeFileSync(target, outputText);
  }
  return folder;
}

function sources(folder: string): string[] {
  const names = readdirSync(path.join(root, 'src', folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.join(folder, name));
}
