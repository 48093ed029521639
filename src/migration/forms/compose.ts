/** A compose file, or one of its first version. [compose] the Compose Specification, services */
import { takeVariable, takeVolume } from './docker.ts';
import { readCommand } from './command.ts';
import type { Invocation, Unknowns } from './invocation.ts';
import { objectOf, textOf, type Json } from './json.ts';
import { readScript } from './shell.ts';

/** @param document of YAML */
export const servicesOf = (document: unknown): Json | undefined => {
  const top = objectOf(document);
  if (typeof top['services'] === 'object' && top['services'] !== null) return objectOf(top['services']);
  const isService = (it: unknown) => typeof objectOf(it)['image'] === 'string';
  return Object.values(top).some(isService)
    ? Object.fromEntries(Object.entries(top).filter(([, it]) => isService(it)))
    : undefined;
};

export function readCompose(
  services: Json,
  wanted: string | undefined,
  into: Invocation,
  unknowns: Unknowns,
): void {
  const names = Object.keys(services);
  const ours = names.filter((name) => isOurs(objectOf(services[name])));
  const chosen = wanted ?? ours[0] ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined || !names.includes(chosen)) {
    into.problems.push(
      `none of the services ${names.join(', ')} is ${wanted ?? 'known to run marathon-lb'}; name it with --service`,
    );
    return;
  }
  for (const name of names) {
    if (name === chosen) continue;
    if (ours.includes(name))
      into.problems.push(
        `the service ${name} runs marathon-lb too; read it by itself with --service ${name}`,
      );
    else into.kept.push(`service ${name}`);
  }
  into.isContainer = true;
  readService(objectOf(services[chosen]), into, unknowns);
}

const isOurs = ({ image, command }: Json): boolean =>
  textOf(image).includes('marathon-lb') || /^(?:sse|poll)\b/.test(listOf(command).join(' '));

function readService(service: Json, into: Invocation, unknowns: Unknowns): void {
  const text = (value: unknown) => interpolated(textOf(value), unknowns);
  const words = (value: unknown) =>
    typeof value === 'string' ? readScript(text(value), unknowns).commands.flat() : listOf(value).map(text);
  for (const [key, value] of Object.entries(service)) {
    switch (key) {
      case 'image':
      case 'command':
      case 'entrypoint':
        break;
      case 'environment':
        for (const variable of variablesOf(value)) takeVariable(text(variable), into);
        break;
      case 'env_file':
        into.environmentFiles.push(
          ...listOf(value).map((file) => text(typeof file === 'object' ? objectOf(file)['path'] : file)),
        );
        break;
      case 'volumes':
        for (const volume of listOf(value)) {
          if (typeof volume === 'string') takeVolume(text(volume), `volumes: ${text(volume)}`, into);
          else {
            const { source, target } = objectOf(volume);
            into.mounts.push({ source: text(source), target: text(target) });
          }
        }
        break;
      case 'extends':
      case 'secrets':
      case 'configs':
      case 'volumes_from':
        into.problems.push(`\`${key}\` of the service: what it brings is not known here`);
        break;
      default:
        into.kept.push(key);
    }
  }
  readCommand([...words(service['entrypoint']), ...words(service['command'])], into, unknowns);
}

/** A mapping, or a list of `NAME=value`. A name without a value is one of where compose is called. */
const variablesOf = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map(textOf)
    : Object.entries(objectOf(value)).map(([name, it]) => (it === null ? name : `${name}=${textOf(it)}`));

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

/** `$$` is a dollar sign; `${NAME:-default}` depends on where compose is called. */
const interpolated = (text: string, unknowns: Unknowns): string =>
  text.replace(/\$(\$|\{[^}]*\}|\w+)/g, (all, what: string) => (what === '$' ? '$' : unknowns.mark(all)));
