/** Which servers a request would reach now: the rules, maps and backends of the worker that serves, as HAProxy would go through them. */
import { lookUp } from './commands/maps.ts';
import type { Rule } from './configuration.ts';
import { portOf, type FakeProcesses } from './processes.ts';
import { isUsed } from './servers.ts';
import type { FakeBackend, FakeFrontend, FakeServer, FakeWorker } from './worker.ts';

export interface FakeRequest {
  /** Which listener; the one of all hosts unless told. */
  readonly port?: number;
  readonly host?: string;
  /** `/` unless told. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type RequestAnswer =
  /** Nobody listens on the port. */
  | { readonly kind: 'refused' }
  /** The worker is frozen: it takes the connection, and does not answer. */
  | { readonly kind: 'hangs' }
  /** One of these answers. Empty: 503. */
  | { readonly kind: 'servers'; readonly backend: string; readonly servers: readonly FakeServer[] }
  /** HAProxy itself answers. */
  | { readonly kind: 'status'; readonly status: number };

const httpListener = 'marathon_http_in';

/** @throws Error for a rule that this does not understand, and that decides */
export function requestAnswer({ current }: FakeProcesses, request: FakeRequest): RequestAnswer {
  if (current === undefined) return { kind: 'refused' };
  const frontend = current.frontends.find(({ name, binds }) =>
    request.port === undefined ? name === httpListener : binds.some((bind) => portOf(bind) === request.port),
  );
  if (frontend === undefined) return { kind: 'refused' };
  if (current.frozen) return { kind: 'hangs' };
  return new Route(current, request).through(frontend);
}

/** One request on its way through a frontend's rules. */
class Route {
  readonly #worker: FakeWorker;
  readonly #request: FakeRequest;
  readonly #variables = new Map<string, string>();

  constructor(worker: FakeWorker, request: FakeRequest) {
    this.#worker = worker;
    this.#request = request;
  }

  through({ rules, name }: FakeFrontend): RequestAnswer {
    // HAProxy reads all http-request rules before the first use_backend.
    for (const { words } of rules) {
      if (words[0] !== 'http-request') continue;
      const at = words.findIndex((word) => word === 'if' || word === 'unless');
      const [, action = ''] = words;
      const variable = /^set-var\((.*)\)$/.exec(action)?.[1];
      const ends = action === 'redirect' || action === 'return' || action === 'deny';
      if (variable === undefined && !ends) continue;
      if (!this.#holds(words, at)) continue;
      if (variable !== undefined) this.#set(variable, words[2] ?? '');
      else if (action === 'redirect') return { kind: 'status', status: Number(after(words, 'code') ?? 302) };
      else
        return { kind: 'status', status: Number(after(words, 'status') ?? (action === 'deny' ? 403 : 200)) };
    }
    const backend = this.#chosen(rules);
    if (backend === undefined) {
      // `listen` is its own backend.
      const own = this.#worker.backends.get(name);
      return own === undefined ? { kind: 'status', status: 503 } : answerOf(own);
    }
    return answerOf(backend);
  }

  #chosen(rules: readonly Rule[]): FakeBackend | undefined {
    const { backends } = this.#worker;
    for (const { words } of rules) {
      if (words[0] !== 'use_backend') continue;
      if (!this.#holds(words, words.indexOf('if'))) continue;
      const [, target = ''] = words;
      const expression = /^%\[(.*)\]$/.exec(target)?.[1];
      const name = expression === undefined ? target : this.#value(expression);
      const backend = name === undefined ? undefined : backends.get(name);
      // A name that no backend has, or that of one not published, is passed over.
      if (backend?.published === true) return backend;
    }
    const fallback = rules.find(({ words }) => words[0] === 'default_backend')?.words[1];
    return fallback === undefined ? undefined : backends.get(fallback);
  }

  #set(variable: string, expression: string): void {
    const value = this.#value(expression);
    // [haproxy] a sample that is not there leaves the variable as it was.
    if (value !== undefined) this.#variables.set(variable, value);
  }

  /** All conditions after `if`. @param at where it stands */
  #holds(words: readonly string[], at: number): boolean {
    if (at < 0) return true;
    for (let i = at + 1; i < words.length;) {
      const word = words[i] ?? '';
      // [haproxy] configuration.txt 7.4. All requests here are GET.
      if (word === 'METH_GET') {
        i += 1;
        continue;
      }
      if (word !== '{' && word !== '!{') throw new Error(`the fake does not understand ${words.join(' ')}`);
      const end = words.indexOf('}', i);
      const [expression = '', ...rest] = words.slice(i + 1, end);
      const value = this.#value(expression);
      const found = value !== undefined && matches(value, rest);
      if (found === (word === '!{')) return false;
      i = end + 1;
    }
    return true;
  }

  /** A sample and its converters; undefined where it is not there. */
  #value(expression: string): string | undefined {
    const [fetch = '', ...converters] = expression.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
    let value = this.#fetched(fetch);
    for (const converter of converters) {
      if (value === undefined) return undefined;
      value = this.#converted(value, converter);
    }
    return value;
  }

  #fetched(fetch: string): string | undefined {
    const { host, path = '/', headers = {} } = this.#request;
    const [, name = fetch, argument = ''] = /^([^(]+)\((.*)\)$/.exec(fetch) ?? [];
    if (name === 'var') return this.#variables.get(argument);
    if (name === 'path') return path.replace(/\?.*$/s, '');
    if (name === 'query') return /\?(.*)$/s.exec(path)?.[1];
    if (name === 'str' || name === 'bool') return argument;
    if (name === 'req.hdr') {
      if (argument.toLowerCase() === 'host') return host;
      return Object.entries(headers).find(([each]) => each.toLowerCase() === argument.toLowerCase())?.[1];
    }
    // Requests come without TLS here.
    if (name.startsWith('ssl_')) return undefined;
    throw new Error(`the fake does not understand ${fetch}`);
  }

  #converted(value: string, converter: string): string | undefined {
    const [, name = converter, argument = ''] = /^([^(]+)\((.*)\)$/.exec(converter) ?? [];
    switch (name) {
      case 'lower':
        return value.toLowerCase();
      case 'host_only':
        return value.replace(/:[^:\]]*$/, '');
      case 'rtrim':
        return value.replace(/\.+$/, '');
      case 'concat': {
        const [start = '', variable = '', end = ''] = argument.split(',');
        return `${value}${start}${this.#variables.get(variable) ?? ''}${end}`;
      }
      case 'regsub': {
        const comma = argument.lastIndexOf(',');
        return value.replace(new RegExp(argument.slice(0, comma)), argument.slice(comma + 1));
      }
      case 'map_str':
      case 'map_beg': {
        const [file = '', fallback] = argument.split(',');
        const map = this.#worker.maps.get(file);
        return (map === undefined ? undefined : lookUp(map, value, name === 'map_beg')?.value) ?? fallback;
      }
      default:
        throw new Error(`the fake does not understand ${converter}`);
    }
  }
}

function matches(value: string, [flag, ...given]: readonly string[]): boolean {
  if (flag === '-m' && given[0] === 'found') return true;
  if (flag === '-m' && given[0] === 'bool') return value !== '' && value !== '0' && value !== 'false';
  if (flag === '-m' && given[0] === 'reg') return new RegExp(given[1] ?? '').test(value);
  if (flag === undefined) return value !== '' && value !== '0' && value !== 'false';
  const patterns = flag.startsWith('-') ? given.filter((word) => !word.startsWith('-')) : [flag, ...given];
  return patterns.includes(value);
}

const after = (words: readonly string[], word: string): string | undefined => {
  const at = words.indexOf(word);
  return at < 0 ? undefined : words[at + 1];
};

function answerOf({ name, servers, status }: FakeBackend): RequestAnswer {
  if (status !== undefined) return { kind: 'status', status };
  const used = servers.filter(isUsed);
  const first = used.filter(({ backup }) => !backup);
  return { kind: 'servers', backend: name, servers: first.length > 0 ? first : used.slice(0, 1) };
}
