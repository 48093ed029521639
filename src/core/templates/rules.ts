/** The rules of a service in the frontends of all: made of templates, and of defaults where there is no template. */
import type { PlainDefinition } from './data.ts';
import { cleanName, defaultPiece, neededAcls } from './default-rules.ts';
import { writeFragment } from './fragment.ts';
import type { Report, ServiceOverride } from './service-override.ts';
import type { TemplateName } from '../model/template-names.ts';
import { definedAcls, renamedTerms, withOwnNames } from './own-names.ts';
import { fillTemplate, textValue, wordsValue, type PlaceholderData } from './placeholders.ts';
import type { RuleLines, ServiceRules } from '../model/replaced.ts';
import { httpSequence, httpsSequence, type RuleUse } from './rule-sequence.ts';
import { writeLine, writeWord, type Line } from '../guard/words.ts';

export type Overrides = ReadonlyMap<TemplateName, ServiceOverride>;

/** @returns undefined where no template of the service's vhosts is replaced, so that the maps lead to it */
export function vhostRules(
  definition: PlainDefinition,
  overrides: Overrides,
  report: Report,
): ServiceRules | undefined {
  const sequences = { http: httpSequence(definition), https: httpsSequence(definition) };
  if (![...sequences.http, ...sequences.https].some(({ name }) => overrides.has(name))) return undefined;
  const rules = (uses: readonly RuleUse[]): RuleLines => ({
    ...assemble(
      uses.map((use) => pieceOf(use, definition, overrides, report)),
      definition,
    ),
    ...(uses.some(({ name }) => overrides.has(name)) && { replaced: true }),
  });
  return {
    http: rules(sequences.http),
    https: rules(sequences.https),
    redirectsItself: sequences.http.some(
      ({ name }) => name.startsWith('BACKEND_REDIRECT') && overrides.has(name),
    ),
  };
}

/** As the maps would have it, for a service whose neighbours have rules. */
export const plainRules = (definition: PlainDefinition): ServiceRules => {
  const rules = (uses: readonly RuleUse[]) =>
    assemble(
      uses.map(({ name, host }) => asPiece(defaultPiece(name, definition, host))),
      definition,
    );
  return {
    http: rules(httpSequence(definition)),
    https: rules(httpsSequence(definition)),
    redirectsItself: false,
  };
};

/** @returns undefined where the map of app ids leads to the service */
export function appIdRule(
  definition: PlainDefinition,
  overrides: Overrides,
  report: Report,
): RuleLines | undefined {
  const override = overrides.get('HTTP_FRONTEND_APPID_ACL');
  if (override === undefined || definition.mode !== 'http') return undefined;
  const data = {
    cleanedUpAppId: textValue(definition.name.replace(/[^A-Za-z0-9-]/g, '_')),
    hostname: textValue(definition.vhosts.join(',')),
    appId: textValue(definition.name),
    backend: textValue(definition.backend),
  };
  return assemble([customPiece(override, data, report)], definition);
}

interface Piece {
  readonly lines: readonly Line[];
  readonly leadsHereIf: readonly string[] | undefined;
  /** Of a label that is not trusted. */
  readonly guarded: boolean;
}

function pieceOf(
  { name, host }: RuleUse,
  definition: PlainDefinition,
  overrides: Overrides,
  report: Report,
): Piece {
  const override = overrides.get(name);
  if (override === undefined) return asPiece(defaultPiece(name, definition, host));
  const { path, auth } = definition;
  return customPiece(
    override,
    {
      cleanedUpHostname: textValue(cleanName(definition)),
      hostname: textValue(host),
      path: wordsValue(
        path === undefined
          ? ''
          : [...(path.ignoreCase ? ['-i'] : []), ...path.paths.map(writeWord)].join(' '),
      ),
      appId: textValue(definition.name),
      realm: textValue(auth?.realm ?? ''),
      backend: textValue(definition.backend),
      bindAddr: textValue(definition.bindAddress),
    },
    report,
  );
}

function customPiece(override: ServiceOverride, data: PlaceholderData, report: Report): Piece {
  const written = writeFragment(fillTemplate(override.template, data), {
    section: 'shared',
    guard: override.guard,
  });
  if (!written.ok) report(override, 'error', written);
  else report(override, 'notice', written.translated);
  return {
    lines: written.ok ? written.lines : [],
    leadsHereIf: undefined,
    guarded: override.guard !== undefined,
  };
}

const lineOf = (words: readonly string[]): Line => ({
  words,
  text: writeLine(words),
  expandsEnvironment: false,
});

const asPiece = ({ before, leadsHereIf }: ReturnType<typeof defaultPiece>): Piece => ({
  lines: before.map(lineOf),
  leadsHereIf,
  guarded: false,
});

function assemble(pieces: readonly Piece[], definition: PlainDefinition): RuleLines {
  let leads = pieces.find(({ leadsHereIf }) => leadsHereIf !== undefined)?.leadsHereIf;
  let lines = pieces.flatMap((piece) => piece.lines);
  const defined = definedAcls(lines);
  const missing = [...neededAcls(definition)].filter(
    ([name]) => leads?.includes(name) === true && !defined.has(name),
  );
  lines = [...missing.flatMap(([, acls]) => acls.map(lineOf)), ...lines];
  if (pieces.some(({ guarded }) => guarded)) {
    leads = leads === undefined ? undefined : renamedTerms(leads, definedAcls(lines), definition.backend);
    lines = withOwnNames(lines, definition.backend);
  }
  const of = (...keywords: string[]) =>
    lines.filter(({ words: [keyword = ''] }) => keywords.includes(keyword)).map(({ text }) => text);
  const late = ['redirect', 'use_backend', 'default_backend'];
  return {
    before: lines.filter(({ words: [keyword = ''] }) => !late.includes(keyword)).map(({ text }) => text),
    redirects: of('redirect'),
    leadsHereIf: leads?.join(' '),
    uses: of('use_backend', 'default_backend'),
    asksForUser: pieces.some((piece) =>
      piece.lines.some(({ words }) => words[0] === 'http-request' && words[1] === 'auth'),
    ),
  };
}
