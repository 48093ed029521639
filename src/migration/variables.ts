/** What becomes of one variable of marathon-lb's environment. */
import { nearest } from '../core/collections/nearest.ts';
import { isTemplateName } from '../core/model/template-names.ts';
import { marathonLbVariables, sigtermDelay, type Variable } from '../settings/marathon-lb.ts';
import type { SettingSpec } from '../settings/spec.ts';
import { environmentName, settingKeys, settingsTable, type SettingKey } from '../settings/table.ts';

export type VariableFate =
  | { readonly kind: 'setting'; readonly key: SettingKey }
  /** It stays in the environment: a secret, a certificate, a template. `doc` says what it is, where that is not plain. */
  | { readonly kind: 'stays'; readonly doc: string | undefined }
  | { readonly kind: 'not-needed'; readonly doc: string }
  | { readonly kind: 'by-hand'; readonly doc: string }
  /** The system's, or Marathon's for any task. */
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'unknown'; readonly guess: string | undefined };

export const isSecret = (key: SettingKey): boolean => (settingsTable[key] as SettingSpec).secret === true;

export function fateOf(name: string): VariableFate {
  const key = settingKeys.find((it) => namesOfSetting(it).includes(name));
  if (key !== undefined && !isSecret(key)) return { kind: 'setting', key };
  if (isTemplateName(name.replace(/^HAPROXY_/, ''))) return { kind: 'stays', doc: undefined };
  const variable = marathonLbVariables().find((it) => namesOf(it.name).includes(name));
  if (variable !== undefined) return fateOfKnown(variable);
  if (key !== undefined) return { kind: 'stays', doc: settingsTable[key].doc };
  if (ofTheSystem.test(name)) return { kind: 'not-ours' };
  const known = marathonLbVariables().flatMap((it) => namesOf(it.name));
  return { kind: 'unknown', guess: nearest(name, known) };
}

function namesOfSetting(key: SettingKey): string[] {
  const spec: SettingSpec = settingsTable[key];
  const others = key === 'hardStopAfter' ? [sigtermDelay.name] : [];
  return [environmentName(spec), ...(spec.environment === undefined ? [] : [spec.environment]), ...others];
}

function fateOfKnown({ doc, needed = true, byHand = false }: Variable): VariableFate {
  if (byHand) return { kind: 'by-hand', doc };
  return needed ? { kind: 'stays', doc } : { kind: 'not-needed', doc };
}

/** What a shell, an image or an agent of Mesos sets for whatever it runs. */
const ofTheSystem =
  /^(?:PATH|HOME|HOSTNAME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|TERM|TZ|LANG|LANGUAGE|LC_\w+|DEBIAN_FRONTEND|container|_|INVOCATION_ID|JOURNAL_STREAM|PORT|PORT\d+|PORT_\w+|HOST|LIBPROCESS_\w+|MESOS_\w+|MARATHON_APP_\w+|TINI_\w+)$/;

/** `HAPROXY_SSL_CERT, HAPROXY_SSL_CERT0 ... HAPROXY_SSL_CERT100` → all of them. */
function namesOf(text: string): string[] {
  return text.split(', ').flatMap((part) => {
    const range = /^(\w+?)(\d+) \.\.\. \1(\d+)$/.exec(part);
    if (range === null) return [part];
    const [, stem = '', first, last] = range;
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${stem}${Number(first) + i}`);
  });
}
