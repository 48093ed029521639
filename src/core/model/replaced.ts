/** What of a service's configuration is replaced by templates. Types only. */
import type { TemplateName } from './template-names.ts';

export interface ServiceFragments {
  /** The text that stands instead of Pacer's own, lines with their newlines. */
  readonly texts: Readonly<Partial<Record<TemplateName, string>>>;
  /** The server line, where it is replaced. */
  readonly serverLine: Template | undefined;
  /** Server lines that are not the usual one of each task. */
  readonly own?: OwnServers | undefined;
  /** What `default-server` says, which `add server` does not inherit. */
  readonly serverDefaults: readonly string[];
  /** Words of server lines that are not Pacer's own, for what `add server` takes. */
  readonly serverWords: readonly string[];
  /** Whether HAProxy checks the servers. */
  readonly checked: boolean;
  /** Why no server can be added while HAProxy runs, whatever its version. */
  readonly fixedServers: string | undefined;
  /** Undefined where the maps of hosts and paths lead to the service. */
  readonly rules: ServiceRules | undefined;
  /** Undefined where the map of app ids leads to the service. */
  readonly appIdRule: RuleLines | undefined;
}

/** The server lines of a template, each under its own name and address. */
export interface OwnServers {
  readonly lines: readonly OwnLine[];
  /** Tasks are servers only where one of these lines is about them. */
  readonly replacesTasks: boolean;
}

export interface OwnLine {
  readonly template: Template;
  /** It is about a task: there is one for each. Else it is there once. */
  readonly ofTask: boolean;
  /** It is there only while a task serves, as marathon-lb writes it once a task. */
  readonly withTasks: boolean;
}

/** How a service is reached in the frontends of all, where the maps do not lead to it. */
export interface ServiceRules {
  readonly http: RuleLines;
  readonly https: RuleLines;
  /** They redirect from http to https themselves. */
  readonly redirectsItself: boolean;
}

export interface RuleLines {
  /** Conditions and rules on requests, in their order. */
  readonly before: readonly string[];
  /** `redirect` lines, which HAProxy reads after all rules on requests. */
  readonly redirects: readonly string[];
  /** Under which condition the service's backend is meant, as a map would say it. */
  readonly leadsHereIf: string | undefined;
  /** `use_backend` lines. */
  readonly uses: readonly string[];
  /** They ask for user and password themselves. */
  readonly asksForUser: boolean;
  /** A template stands instead of one of them. */
  readonly replaced?: boolean;
}

export type Quote = 'none' | 'single' | 'double';

export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: string; readonly field?: string; readonly quote: Quote };

/** A template that was read; its lines break where the text's did. */
export interface Template {
  readonly parts: readonly Part[];
}

/** A template that replaces Pacer's own. */
export interface Override {
  readonly name: TemplateName;
  readonly template: Template;
  /** Where it is written: a label's name, a file, a variable. */
  readonly place: string;
}
