/** The fragments in templates/, compiled once. Knows Handlebars; knows nothing of apps or of HAProxy's sockets. */
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { messageOf, PacerError } from '../errors.ts';
import { packagedFile } from '../package.ts';
import { checkFragment, type FragmentSource } from './operator/check-fragment.ts';
import { fragmentNames, type FragmentName } from './fragment-data.ts';
import { helpers } from './helpers.ts';

export type { FragmentName } from './fragment-data.ts';

/** What a fragment is rendered with: plain values only, since Handlebars does not see getters. */
export type FragmentData = Readonly<Record<string, unknown>>;

export interface Fragments {
  readonly render: (name: FragmentName, data: FragmentData) => string;
  /** Name (`404`, `503`, `starting`) → the page's text. */
  readonly errorPages: ReadonlyMap<string, string>;
}

/**
 * @param own an operator's fragments, instead of Pacer's
 * @throws PacerError OPERATOR_TEMPLATE_INVALID
 */
export function loadFragments(own: ReadonlyMap<FragmentName, FragmentSource> = new Map()): Fragments {
  const handlebars = Handlebars.create();
  for (const [name, { run }] of Object.entries(helpers)) handlebars.registerHelper(name, run);
  const compiled = new Map(
    fragmentNames.map((name) => {
      const replaced = own.get(name);
      if (replaced !== undefined) checkFragment(name, replaced);
      const text = replaced?.text ?? readFileSync(packagedFile('templates', `${name}.hbs`), 'utf8');
      // No HTML escaping: values are ConfigTokens. A field that is missing is an error, not an empty word.
      return [
        name,
        handlebars.compile(text, {
          noEscape: true,
          strict: true,
          knownHelpersOnly: true,
          knownHelpers: Object.fromEntries(Object.keys(helpers).map((helper) => [helper, true])),
          preventIndent: true,
        }),
      ];
    }),
  );
  const errorPages = new Map(
    ['404', '503', 'starting'].map((name) => [
      name,
      readFileSync(packagedFile('templates', 'errors', `${name}.html`), 'utf8'),
    ]),
  );
  return {
    errorPages,
    render: (name, data) => {
      const template = compiled.get(name);
      if (template === undefined) throw new Error(`no fragment ${name}`);
      try {
        return template(data);
      } catch (error) {
        const replaced = own.get(name);
        if (replaced === undefined) throw error;
        throw new PacerError(
          'OPERATOR_TEMPLATE_INVALID',
          `${replaced.place}: ${messageOf(error)}`,
          'see docs/templates.md for the data of each fragment',
          { cause: error },
        );
      }
    },
  };
}
