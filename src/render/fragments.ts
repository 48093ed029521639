/** The fragments in templates/, compiled once. Knows Handlebars; knows nothing of apps or of HAProxy's sockets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

const fragmentNames = [
  'head',
  'http-frontend-head',
  'https-frontend-head',
  'frontend-routing',
  'http-frontend-appid-head',
  'userlist-head',
  'frontend-head',
  'frontend-backend-glue',
  'backend-head',
  'backend-auth',
  'backend-http-options',
  'backend-hsts-options',
  'backend-sticky-options',
  'backend-http-healthcheck-options',
  'backend-tcp-healthcheck-options',
  'backend-server-http-healthcheck-options',
  'backend-server-tcp-healthcheck-options',
  'backend-server-options',
  'backend-client-address',
  'http-backend-network-allowed-acl',
  'http-backend-acl-allow-deny',
  'tcp-backend-network-allowed-acl',
  'tcp-backend-acl-allow-deny',
  'http-backend-proxypass-glue',
  'http-backend-revproxy-glue',
  'http-backend-redir',
] as const;

export type FragmentName = (typeof fragmentNames)[number];

/** What a fragment is rendered with: plain values only, since Handlebars does not see getters. */
export type FragmentData = Readonly<Record<string, unknown>>;

export interface Fragments {
  readonly render: (name: FragmentName, data: FragmentData) => string;
  /** Name (`404`, `503`, `starting`) → the page's text. */
  readonly errorPages: ReadonlyMap<string, string>;
}

/** Where the packaged templates are, seen from src/render and from dist/render alike. */
const packaged = join(import.meta.dirname, '..', '..', 'templates');

export function loadFragments(directory = packaged): Fragments {
  const handlebars = Handlebars.create();
  const compiled = new Map(
    fragmentNames.map((name) => {
      const text = readFileSync(join(directory, `${name}.hbs`), 'utf8');
      // No HTML escaping: values are ConfigTokens. A field that is missing is an error, not an empty word.
      return [
        name,
        handlebars.compile(text, {
          noEscape: true,
          strict: true,
          knownHelpersOnly: true,
          preventIndent: true,
        }),
      ];
    }),
  );
  const errorPages = new Map(
    ['404', '503', 'starting'].map((name) => [
      name,
      readFileSync(join(directory, 'errors', `${name}.html`), 'utf8'),
    ]),
  );
  return {
    errorPages,
    render: (name, data) => {
      const template = compiled.get(name);
      if (template === undefined) throw new Error(`no fragment ${name}`);
      return template(data);
    },
  };
}
