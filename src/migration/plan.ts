/** From marathon-lb's command line and environment to Pacer's settings, and to what will differ. */
import { sigtermDelay } from '../settings/marathon-lb.ts';
import { differences, type Difference } from '../settings/marathon-lb-differences.ts';
import { marathonLbFlags } from '../settings/marathon-lb-flags.ts';
import type { SettingSpec } from '../settings/spec.ts';
import { settingKeys, settingsTable } from '../settings/table.ts';
import type { CommandLine } from './command-line.ts';
import { mountedTemplates, onHost, otherMounts, templateFolder } from './mounts.ts';
import { fateOf, isSecret } from './variables.ts';
import { commandWords, listOf, writtenValue, type Written } from './written.ts';

export interface MigrationInput {
  readonly commandLine: CommandLine;
  readonly environment: ReadonlyMap<string, string>;
  /** The directory of templates, if there is one. */
  readonly templates?: string | undefined;
}

/** A remark on one flag or variable that was given. */
export interface Remark {
  /** As it was given: `--sse`, `POLL_INTERVAL`. */
  readonly about: string;
  readonly text: string;
  /** True where something is to be done by hand. */
  readonly attention: boolean;
}

export interface MigrationPlan {
  readonly mode: 'sse' | 'poll';
  /** Flag → value, for the settings file. No secrets. */
  readonly settings: ReadonlyMap<string, Written>;
  /** Words of the command that does the same. */
  readonly command: readonly string[];
  /** Variables that stay in the environment: secrets, certificates, templates. */
  readonly environment: readonly string[];
  readonly remarks: readonly Remark[];
  /** What is different on purpose, those first that concern a flag that was given. */
  readonly differences: readonly Difference[];
}

export function planMigration({ commandLine, environment, templates }: MigrationInput): MigrationPlan {
  const { mode = 'sse', mounts, problems, passed, kept } = commandLine;
  const settings = new Map<string, Written>();
  const remarks: Remark[] = problems.map((text) => ({ about: 'the command line', text, attention: true }));
  const say = (about: string, text: string, attention = false) => remarks.push({ about, text, attention });
  const stays: string[] = [];
  const fromFlags = new Set<string>();
  // Flags win over variables, as they do when Pacer reads both.
  for (const [name, value] of environment) fromVariable(name, value);
  for (const name of passed) if (!environment.has(name)) fromPassed(name);
  for (const { flag, values } of commandLine.flags) fromFlag(flag, values);
  if (mode === 'poll') settings.set('poll', true);
  fromMounts();
  if (templates !== undefined) settings.set('templates', templates);
  const certificates = [...environment]
    .flatMap(([name, value]) => (value === '' ? [] : [name]))
    .concat(passed)
    .filter((name) => name.startsWith('HAPROXY_SSL_CERT'));
  if (settings.has('ssl-certs') && certificates.length > 0)
    say(
      certificates.join(', '),
      'marathon-lb serves it beside those of --ssl-certs, Pacer only if its file is named there too: add /etc/ssl/cert.pem, /etc/ssl/cert0.pem ...',
      true,
    );
  if (!settings.has('group'))
    say(
      '--group',
      'no group is given, and without one nothing is exposed; marathon-lb requires it too',
      true,
    );
  if (kept.length > 0) say('what starts it', `stays as it is, for Pacer's image too: ${kept.join('; ')}`);
  const given = new Set(commandLine.flags.map(({ flag }) => flag));
  const concerns = ({ flag }: Difference) => flag !== undefined && given.has(flag);
  return {
    mode,
    settings,
    command: ['pacer', mode, ...[...settings].flatMap(([flag, value]) => commandWords(flag, value))],
    environment: stays,
    remarks,
    differences: [...differences.filter(concerns), ...differences.filter((it) => !concerns(it))],
  };

  function fromVariable(name: string, value: string): void {
    const fate = fateOf(name);
    if (value === '' && fate.kind !== 'unknown') {
      say(name, 'is empty, which means that it is not set');
      return;
    }
    switch (fate.kind) {
      case 'setting': {
        const { flag } = settingsTable[fate.key];
        settings.set(flag, writtenValue(fate.key, [valueOfVariable(name, value)]));
        say(name, `is ${flag} in this file; where the variable stays, Pacer reads it too`);
        return;
      }
      case 'unknown': {
        const hint = fate.guess === undefined ? '' : `; did you mean ${fate.guess}?`;
        say(name, `neither marathon-lb nor Pacer reads it${hint}`, true);
        return;
      }
      case 'by-hand':
        say(name, fate.doc, !/^(?:false|0|no|off)$/i.test(value));
        return;
      case 'not-ours':
        say(name, "is none of marathon-lb's, and means for Pacer what it means for any program");
        return;
      case 'not-needed':
        say(name, fate.doc);
        return;
      case 'stays':
        stays.push(name);
        if (fate.doc !== undefined) say(name, `stays in the environment: ${fate.doc}`);
    }
  }

  function fromPassed(name: string): void {
    const { kind } = fateOf(name);
    if (kind === 'stays') stays.push(name);
    if (kind === 'stays' || kind === 'not-needed' || kind === 'not-ours')
      say(name, 'has its value elsewhere (a shell, a secret); hand it to Pacer in the same way');
    else say(name, 'has its value elsewhere (a shell, a secret), which is not known here', true);
  }

  function fromFlag(flag: string, values: readonly string[]): void {
    const key = settingKeys.find((it) => settingsTable[it].flag === flag);
    const { differs } = marathonLbFlags.find((it) => it.flag === flag) ?? {};
    const about = `--${flag}`;
    if (key === undefined) {
      say(about, 'prints its help and ends; so does `pacer --longhelp`');
      return;
    }
    const { withoutEffect }: SettingSpec = settingsTable[key];
    if (withoutEffect !== undefined) {
      say(about, `not needed: ${withoutEffect}`);
      return;
    }
    if (differs !== undefined) say(about, differs);
    if (isSecret(key)) {
      stays.push(`PACER_${flag.toUpperCase().replaceAll('-', '_')}`);
      return;
    }
    const before = settings.get(flag);
    const value = writtenValue(
      key,
      values.map((it) => moved(about, it)),
    );
    settings.set(
      flag,
      Array.isArray(value) && Array.isArray(before) && fromFlags.has(flag)
        ? [...listOf(before), ...listOf(value)]
        : value,
    );
    fromFlags.add(flag);
  }

  /** Paths of the container as they are on the host. */
  function moved(about: string, value: string): string {
    const parts = value
      .split(',')
      .map((part) => (part.startsWith('/') ? (onHost(part, mounts) ?? part) : part));
    const all = parts.join(',');
    if (all !== value) say(about, `${value} of the container is ${all} on the host`);
    return all;
  }

  function fromMounts(): void {
    const { folder, problems: byHand } = mountedTemplates(mounts);
    for (const problem of byHand) say('what is mounted', problem, true);
    if (folder !== undefined) {
      settings.set('templates', folder);
      const text = `is mounted as ${templateFolder}, where Pacer's image reads it as well; --templates ${folder} with this command judges what is in it`;
      if (templates === undefined) say(folder, text);
    }
    for (const { source, target } of otherMounts(mounts)) {
      const text =
        source === target
          ? 'is mounted into the container under the same path'
          : `is ${target} in the container; labels that name a file there need the same mount, or its path on the host`;
      say(source === '' ? target : source, text);
    }
  }
}

/** [coreutils] `sleep 5` takes seconds where there is no unit. */
const valueOfVariable = (name: string, value: string): string =>
  name === sigtermDelay.name ? (sigtermDelay.read(value) ?? value) : value;
