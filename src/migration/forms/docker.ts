/** `docker run`, and what takes the same options: podman, nerdctl, `parameters` of an app. */
import { afterRun, dockerOptions, type Option } from './docker-options.ts';
import type { Invocation, Mount } from './invocation.ts';

/** @returns what the image is told; undefined where it starts no container */
export function readDocker(words: readonly string[], into: Invocation): readonly string[] | undefined {
  const behind = afterRun(words);
  if (behind === undefined) return undefined;
  const { options, rest } = dockerOptions(behind);
  into.isContainer = true;
  let entrypoint: string | undefined;
  for (const option of options) {
    if (option.name === 'entrypoint') entrypoint = option.value;
    else takeOption(option, into);
  }
  const [image, ...told] = rest;
  if (image === undefined) into.problems.push('there is no image behind the options of the container');
  // A mirror may have any name, but then the words behind it are those of marathon-lb.
  else if (told.length === 0 && entrypoint === undefined && otherImage.test(image))
    into.problems.push(`nothing says that the image ${image} is marathon-lb's`);
  return entrypoint === undefined || entrypoint === '' ? told : [entrypoint, ...told];
}

/** A whole name, without anything that is filled in elsewhere. */
const otherImage = /^(?!.*marathon-lb)[\w./:@-]+$/;

export function takeOption({ name, value, text }: Option, into: Invocation): void {
  switch (name) {
    case 'env': {
      takeVariable(value ?? '', into);
      return;
    }
    case 'env-file':
      into.environmentFiles.push(value ?? '');
      return;
    case 'volume': {
      takeVolume(value ?? '', text, into);
      return;
    }
    case 'mount': {
      takeMount(value ?? '', text, into);
      return;
    }
    case 'volumes-from':
    case 'config':
    case 'secret':
    case 'env-host':
      into.problems.push(`\`${text}\`: what it brings is not known here`);
      return;
    default:
      into.kept.push(text.trim());
  }
}

/** `NAME=value`, or `NAME` for what it is where docker is called. */
export function takeVariable(text: string, { environment, passed }: Invocation): void {
  const at = text.indexOf('=');
  if (at < 0) passed.push(text);
  else environment.set(text.slice(0, at), text.slice(at + 1));
}

/** `/on/host:/in/container:ro`; a path alone is a volume without a name. */
export function takeVolume(value: string, text: string, into: Invocation): void {
  const [source, target] = value.split(':');
  if (source !== undefined && target !== undefined) into.mounts.push({ source, target });
  else into.kept.push(text);
}

/** `type=bind,source=/on/host,target=/in/container` */
function takeMount(value: string, text: string, into: Invocation): void {
  const mount = fieldsOf(value);
  if (mount.source !== '' && mount.target !== '') into.mounts.push(mount);
  else into.kept.push(text);
}

export function fieldsOf(value: string): Mount {
  const fields = new Map(
    value.split(',').map((field): [string, string] => {
      const at = field.indexOf('=');
      return at < 0 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
  const first = (...names: string[]) =>
    names.map((name) => fields.get(name)).find((it) => it !== undefined) ?? '';
  return { source: first('source', 'src'), target: first('target', 'destination', 'dst') };
}
