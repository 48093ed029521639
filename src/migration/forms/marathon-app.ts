/** The definition of the app that is marathon-lb, as DC/OS's package and others write it. [marathon] types/app.raml */
import { readCommand, readText } from './command.ts';
import { takeOption } from './docker.ts';
import type { Invocation, Unknowns } from './invocation.ts';
import { objectOf, textOf, type Json } from './json.ts';

/** The apps in one definition, a list, a group, or an answer of Marathon. */
export function appsOf(document: unknown): Json[] {
  if (Array.isArray(document)) return document.flatMap(appsOf);
  const { app, apps, groups, ...rest } = objectOf(document);
  if (app !== undefined) return appsOf(app);
  if (Array.isArray(apps) || Array.isArray(groups)) return [apps, groups].flatMap((it) => appsOf(it ?? []));
  const isApp = ['id', 'args', 'cmd', 'container'].some((key) => key in rest);
  return isApp ? [rest] : [];
}

export function readApps(
  apps: readonly Json[],
  wanted: string | undefined,
  into: Invocation,
  unknowns: Unknowns,
): void {
  const idOf = ({ id }: Json) => textOf(id);
  const ours = apps.filter(isOurs);
  const chosen =
    wanted === undefined
      ? (ours[0] ?? (apps.length === 1 ? apps[0] : undefined))
      : apps.find((app) => idOf(app) === wanted);
  if (chosen === undefined) {
    const ids = apps.map(idOf).join(', ');
    into.problems.push(
      `none of the apps ${ids} is ${wanted ?? 'known to run marathon-lb'}; name it with --service`,
    );
    return;
  }
  for (const app of apps) {
    if (app === chosen) continue;
    if (ours.includes(app))
      into.problems.push(
        `the app ${idOf(app)} runs marathon-lb too; read it by itself with --service ${idOf(app)}`,
      );
    else into.kept.push(`app ${idOf(app)}`);
  }
  into.isContainer = true;
  readApp(chosen, into, unknowns);
}

const isOurs = (app: Json): boolean => {
  const words = Array.isArray(app['args']) ? app['args'].map(textOf) : [textOf(app['cmd'])];
  const image = textOf(objectOf(objectOf(app['container'])['docker'])['image']);
  return image.includes('marathon-lb') || /(?:^|\s)(?:sse|poll)\b|marathon-lb/.test(words.join(' '));
};

function readApp(app: Json, into: Invocation, unknowns: Unknowns): void {
  for (const [key, value] of Object.entries(app)) {
    switch (key) {
      case 'args':
      case 'cmd':
        break;
      case 'env':
        for (const [name, it] of Object.entries(objectOf(value))) {
          // `{"secret": "name"}`
          if (typeof it === 'object' && it !== null) into.passed.push(name);
          else into.environment.set(name, textOf(it));
        }
        break;
      case 'container':
        readContainer(objectOf(value), into);
        break;
      case 'fetch':
      case 'uris':
        for (const it of Array.isArray(value) ? value : []) {
          const uri = textOf(typeof it === 'string' ? it : objectOf(it)['uri']);
          into.problems.push(
            `${key}: ${uri} is put into the sandbox; as this app, Pacer reads templates/ there as well, elsewhere fetch it and name its folder with --templates`,
          );
        }
        break;
      default:
        into.kept.push(key);
    }
  }
  if (typeof app['cmd'] === 'string') readText(app['cmd'], into, unknowns);
  else if (Array.isArray(app['args'])) readCommand(app['args'].map(textOf), into, unknowns);
}

function readContainer({ docker, volumes, ...rest }: Json, into: Invocation): void {
  for (const volume of Array.isArray(volumes) ? volumes : []) {
    const { hostPath, containerPath, secret, external, persistent } = objectOf(volume);
    const name = hostPath ?? objectOf(external)['name'] ?? secret;
    if (name === undefined && persistent === undefined) into.kept.push(`volume ${textOf(containerPath)}`);
    else into.mounts.push({ source: textOf(name), target: textOf(containerPath) });
  }
  const { image: _image, parameters, ...options } = objectOf(docker);
  for (const parameter of Array.isArray(parameters) ? parameters : []) {
    const { key, value } = objectOf(parameter);
    const name = textOf(key);
    takeOption({ name, value: textOf(value), text: `--${name} ${textOf(value)}` }, into);
  }
  into.kept.push(...[...Object.keys(options), ...Object.keys(rest)].map((key) => `container ${key}`));
}
