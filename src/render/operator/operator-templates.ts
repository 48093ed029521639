/** The operator's templates, read and checked at start: variables, then files of marathon-lb's names, then Handlebars. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nearest } from '../../core/collections/nearest.ts';
import {
  isTemplateName,
  templateNames,
  templateSpec,
  type TemplateName,
} from '../../core/model/template-names.ts';
import { isEmptyText } from '../../core/templates/empty.ts';
import { readOverride } from '../../core/templates/overrides.ts';
import type { Override } from '../../core/model/replaced.ts';
import { messageOf, PacerError } from '../../errors.ts';
import { checkOverride } from './check-override.ts';
import type { FragmentSource } from './check-fragment.ts';
import { fragmentNames, isFragmentName, type FragmentName } from '../fragment-data.ts';
import { operatorHead, type OperatorHead } from './operator-head.ts';

export interface OperatorTemplates {
  readonly overrides: ReadonlyMap<TemplateName, Override>;
  readonly head: OperatorHead | undefined;
  /** Handlebars fragments: name → where it is and what it says. */
  readonly fragments: ReadonlyMap<FragmentName, FragmentSource>;
  readonly notices: readonly string[];
}

export const noOperatorTemplates: OperatorTemplates = {
  overrides: new Map(),
  head: undefined,
  fragments: new Map(),
  notices: [],
};

export interface TemplateSources {
  /** `HAPROXY_<NAME>` of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** The first has precedence. */
  readonly directories: readonly string[];
}

/** Where directories of templates are read from. */
export interface TemplateDisk {
  /** Names of files, sorted. @throws PacerError FILE_UNREADABLE */
  readonly list: (directory: string) => string[];
  /** @throws PacerError FILE_UNREADABLE */
  readonly read: (directory: string, file: string) => string;
}

export const diskOfTemplates: TemplateDisk = {
  list,
  read: (directory, file) => read(join(directory, file)),
};

/** @throws PacerError OPERATOR_TEMPLATE_INVALID, FILE_UNREADABLE */
export function loadOperatorTemplates(
  { variables, directories }: TemplateSources,
  disk: TemplateDisk = diskOfTemplates,
): OperatorTemplates {
  const notices: string[] = [];
  const overrides = new Map<TemplateName, Override>();
  const fragments = new Map<FragmentName, FragmentSource>();
  const add = (name: TemplateName, text: string, place: string) => {
    if (overrides.has(name)) return;
    const { empty } = templateSpec(name);
    const isEmpty = isEmptyText(text);
    if (isEmpty && empty.kind === 'refused')
      throw invalid(
        `${place}: it is empty`,
        `remove it; to close the port, ${empty.doc.replace(/^refused: /, '')}`,
      );
    if (isEmpty && empty.kind === 'own') {
      notices.push(`${place} is empty, which means the same as no template`);
      return;
    }
    const template = readOverride(name, text);
    if ('reason' in template)
      throw invalid(`${place} line ${template.line}: ${template.reason}`, template.remedy);
    overrides.set(name, { name, template, place });
    if (name !== 'HEAD' && !isEmpty) notices.push(...checkOverride({ name, template, place }));
  };
  for (const [variable, value] of Object.entries(variables)) {
    const name = variable.slice('HAPROXY_'.length);
    if (isTemplateName(name)) add(name, value.replaceAll('\\n', '\n'), variable);
    else notices.push(...misspelt(variable, name));
  }
  for (const directory of directories) {
    for (const file of disk.list(directory)) {
      const path = join(directory, file);
      const known = knownFile(file, path);
      if (known === undefined) continue;
      const text = disk.read(directory, file);
      // An empty fragment says no more, and no less, than an empty template of that name.
      const twin = known.name.replaceAll('-', '_').toUpperCase();
      if (known.kind === 'template') add(known.name, text, path);
      else if (isEmptyText(text) && isTemplateName(twin)) add(twin, '', path);
      else if (!fragments.has(known.name)) fragments.set(known.name, { place: path, text });
    }
  }
  const override = overrides.get('HEAD');
  const head = override === undefined ? undefined : operatorHead(override, existsSync);
  return { overrides, head, fragments, notices: [...notices, ...(head?.notices ?? [])] };
}

const invalid = (message: string, remedy: string) =>
  new PacerError('OPERATOR_TEMPLATE_INVALID', message, remedy);

/** Other variables of that prefix are somebody else's, but for those that look like a slip. */
function misspelt(variable: string, name: string): string[] {
  const guess = name.length > 7 ? nearest(name, templateNames) : undefined;
  return guess === undefined
    ? []
    : [`${variable} is no template, so it has no effect; did you mean HAPROXY_${guess}?`];
}

type Known =
  | { readonly kind: 'template'; readonly name: TemplateName }
  | { readonly kind: 'fragment'; readonly name: FragmentName };

/** @returns undefined for a file that is something else, such as an error page */
function knownFile(file: string, path: string): Known | undefined {
  if (file.endsWith('.hbs')) {
    const name = file.slice(0, -'.hbs'.length);
    if (isFragmentName(name)) return { kind: 'fragment', name };
    const guess = nearest(name, fragmentNames);
    throw invalid(
      `${path} is none of Pacer's fragments`,
      guess === undefined
        ? `they are ${fragmentNames.map((known) => `${known}.hbs`).join(', ')}`
        : `did you mean ${guess}.hbs?`,
    );
  }
  const name = file.replace(/^HAPROXY_/, '');
  if (file !== name && isTemplateName(name)) return { kind: 'template', name };
  const bare = name.replace(/\.\w+$/, '').toUpperCase();
  const guess = isTemplateName(bare) ? bare : file === name ? undefined : nearest(bare, templateNames);
  if (file === name && guess === undefined) return undefined;
  throw invalid(
    `${path} is no template of marathon-lb's`,
    guess === undefined ? 'see docs/templates.md for the names' : `did you mean HAPROXY_${guess}?`,
  );
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `templates ${directory}: ${messageOf(error)}`,
      'name a directory that Pacer may read',
    );
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `template ${path}: ${messageOf(error)}`,
      'check that Pacer may read it',
    );
  }
}

/** Those that have no effect with, or without, grouped HTTPS: a notice each. */
export function idleTemplates({ overrides }: OperatorTemplates, groupsHttps: boolean): string[] {
  return [...overrides.values()].flatMap(({ name, place }) => {
    if (groupsHttps && name === 'HTTPS_FRONTEND_HEAD')
      return [`${place} has no effect with --group-https-by-vhost; HTTPS_GROUPED_FRONTEND_HEAD has`];
    if (!groupsHttps && name.startsWith('HTTPS_GROUPED_'))
      return [`${place} has an effect with --group-https-by-vhost alone`];
    return [];
  });
}
