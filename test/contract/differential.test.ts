/**
 * The fake HAProxy against the real one of the same version, TEST_HAPROXY's: the same commands have the same replies,
 * and leave the same servers, maps, certificates and variables. `npm run test:haproxy-matrix` does so for all versions.
 */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { activate, activeConfigFile, publishRevision } from '../../src/haproxy/files/publish.ts';
import type { HaproxyControl } from '../../src/haproxy/control/control.ts';
import type { RuntimeCommand, RuntimeReply } from '../../src/haproxy/cli/runtime-command.ts';
import { superviseHaproxy } from '../../src/haproxy/control/supervise.ts';
import { makePem } from '../support/certificate.ts';
import { fakeHaproxy, FakeDisk } from '../support/fake-haproxy/fake-haproxy.ts';
import { freePorts, haproxyProgram, installedVersion, temporaryFolder, until } from '../support/haproxy.ts';
import { differentialConfig, mapFiles, sequences, type Step } from './differential-commands.ts';
import { target } from './targets.ts';

/** With the distribution's suffix, as HAProxy says it. */
const versionText =
  /version (\S+)/.exec(execFileSync(haproxyProgram, ['-v'], { encoding: 'utf8' }))?.[1] ?? '';
const dump: Step[] = [
  'show servers state',
  'show map',
  'show map a.map',
  'show map b.map',
  'show ssl cert',
  'get var proc.pacer_backends',
];

/** Both, with the same files. */
async function pair() {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'run'));
  const [http = 0, tls = 0, listed = 0] = await freePorts(3);
  const { port: alive } = await target('tcp');
  const pem = await makePem('a.example');
  const other = await makePem('b.example');
  const files = { certificate: path.join(folder, 'a.pem'), list: path.join(folder, 'list.txt') };
  const listText = `${files.certificate}\n`;
  writeFileSync(files.certificate, pem);
  writeFileSync(files.list, listText);
  const runtimeSocket = path.join(folder, 'run', 'haproxy.sock');
  const real = superviseHaproxy({
    ...{
      program: haproxyProgram,
      version: installedVersion,
      runDir: path.join(folder, 'run'),
      runtimeSocket,
    },
    ...{ stopGraceMs: 0, startDeadlineMs: 20_000, reloadDeadlineMs: 20_000 },
  });
  onTestFinished(() => real.stop());
  const fake = fakeHaproxy({ version: versionText, disk: new FakeDisk(folder) });
  fake.haproxy.dead.add('127.0.0.1:2');
  fake.disk.files.set(files.certificate, pem).set(files.list, listText);
  const control = fake.control();
  let number = 0;
  /** Brings both to the configuration, with nothing of the commands left. */
  const begin = async () => {
    number += 1;
    const hash = `hash-${number}`;
    const text = differentialConfig({ hash, runtimeSocket, ports: [http, tls, listed, alive], ...files });
    const revision = { number, hash, files: new Map([['haproxy.cfg', text], ...Object.entries(mapFiles)]) };
    const published = await publishRevision(folder, revision);
    await activate(folder, published.directory);
    fake.disk.activate(fake.disk.write(revision).directory);
    for (const each of [real, control]) {
      if (number === 1) await each.start(activeConfigFile(folder), hash);
      else
        expect(await each.reload(hash)).toMatchObject({
          kind: 'done',
          workerPid: expect.any(Number) as number,
        });
    }
    // The checks of the real one take a moment.
    await until(
      async () => / s1 (?:\S+ ){7}3 /.test(await state(real)) && / s2 (?:\S+ ){7}2 /.test(await state(real)),
    );
    expect(await state(control)).toBe(await state(real));
  };
  const keyOnly =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----\n/.exec(other)?.[0] ?? '';
  const certificateOnly = other.replace(keyOnly, '');
  return {
    real,
    control,
    begin,
    files,
    pems: [pem, other, `${other}${pem.replace(keyOnly, '')}`, certificateOnly, 'garbage\n'],
  };
}

test('any sequence of runtime commands has the same replies on the fake and on the real HAProxy', async () => {
  const { real, control, begin, files, pems } = await pair();
  await fc.assert(
    fc.asyncProperty(sequences(files.certificate, files.list, pems), async (steps) => {
      await begin();
      const asked = [...steps, ...dump];
      const [ours, theirs] = [await answers(control, asked), await answers(real, asked)];
      const first = ours.findIndex((each, i) => each !== theirs[i]);
      // Up to the first difference: what follows from it says nothing.
      expect(ours.slice(0, first + 1)).toEqual(theirs.slice(0, first + 1));
    }),
    {
      endOnFailure: true,
      numRuns: Number(process.env['RUNS'] ?? 40),
      seed: Number(process.env['SEED'] ?? 20_261),
    },
  );
}, 240_000);

const state = async (control: HaproxyControl): Promise<string> =>
  (await answers(control, ['show servers state'])).join();

/** Command and reply of each step, without what no two processes have in common. */
async function answers(control: HaproxyControl, steps: readonly Step[]): Promise<string[]> {
  const told: string[] = [];
  let batch: RuntimeCommand[] = [];
  const send = async () => {
    const replies = await control.runtime(batch);
    batch.forEach((command, i) => told.push(`${lineOf(command)} → ${plain(command, replies[i])}`));
    batch = [];
  };
  for (const step of steps) {
    const map = / (\S+) #ref/.exec(lineOf(step))?.[1];
    if (map === undefined || typeof step !== 'string') {
      batch.push(step);
      // From 3.0 on HAProxy does this one a moment after its reply.
      if (/^set server \S+ addr /.test(lineOf(step))) {
        await send();
        await sleep(20);
      }
      continue;
    }
    await send();
    const [shown] = await control.runtime([`show map ${map}`]);
    const reference = /^(0x\S+)/m.exec(shown?.text ?? '')?.[1] ?? '0x1';
    batch.push(step.replace('#ref', `#${reference}`));
    await send();
  }
  await send();
  return told.map((each) => each.replace(/0x[0-9a-f]+/g, '0x'));
}

const lineOf = (command: RuntimeCommand): string =>
  typeof command === 'string' ? command : `${command.line} <<${command.payload}`;

function plain(command: RuntimeCommand, reply: RuntimeReply | undefined): string {
  const { kind, severity = '', text } = reply ?? { kind: 'failed', text: 'no reply' };
  if (text.startsWith('Unknown command')) return `${kind} ${text.split('\n')[0] ?? ''}`;
  // Seconds since the last change are those of another process.
  const shown = lineOf(command).startsWith('show servers state')
    ? text.replace(/^((?:\S+ ){9})\d+/gm, '$1-')
    : text;
  return `${kind} [${severity}] ${shown}`;
}
