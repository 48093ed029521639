/** `add`, `publish`, `unpublish` and `del backend`: 3.4 alone knows them. */
import type { FakeBackend } from '../worker.ts';
import { failed, told, type Command } from './answer.ts';

export const addBackend: Command = ([name, from, base, word, mode], { worker }) => {
  if (name === undefined) return failed('Require backend name.');
  if (from !== 'from' || base === undefined) return failed('Usage: add backend <name> from <defproxy>.');
  const bad = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (bad !== undefined) return failed(`Invalid character '${bad}' in backend name.`);
  if (word === 'mode' && mode !== 'http' && mode !== 'tcp') return failed('Unknown proxy mode.');
  const defaults = worker.defaults.get(base);
  if (defaults === undefined) return failed(`Cannot find default proxy '${base}'.`);
  if (worker.backends.has(name))
    return failed(`Error during backend creation : name is already used by other proxy 'backend ${name}'.`);
  const backend: FakeBackend = {
    ...{ id: worker.nextProxyId++, name, atRuntime: true, published: false, status: undefined, servers: [] },
    ...{ ...defaults, mode: mode ?? defaults.mode },
    http: (mode ?? defaults.mode) === 'http',
  };
  worker.backends.set(name, backend);
  return told('New backend registered.');
};

const publishing =
  (published: boolean): Command =>
  ([name = ''], { worker }) => {
    const backend = worker.backends.get(name);
    if (backend === undefined) return failed('No such backend.');
    backend.published = published;
    return told(`Backend ${published ? '' : 'un'}published.`);
  };

export const publishBackend = publishing(true);
export const unpublishBackend = publishing(false);

export const deleteBackend: Command = ([name = ''], { worker }) => {
  const backend = worker.backends.get(name);
  if (backend === undefined) return failed('No such backend.');
  const named = worker.frontends.some(({ rules }) =>
    rules.some(({ words }) => /^(?:use|default)_backend$/.test(words[0] ?? '') && words[1] === name),
  );
  if (named)
    return failed(
      'This proxy cannot be removed at runtime due to other configuration elements pointing to it.',
    );
  if (backend.published) return failed('Backend must be unpublished prior to its deletion.');
  if (backend.servers.length > 0) return failed('Only a backend without server can be deleted.');
  worker.backends.delete(name);
  return told('Backend deleted.');
};
