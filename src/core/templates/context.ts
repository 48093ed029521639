/** What the templates of a service are made from. Types only. */
import type { AppId } from '../ids.ts';
import type { HealthCheck } from '../model.ts';
import type { PlainDefinition } from './data.ts';
import type { TemplateName } from './names.ts';
import type { Override } from './replaced.ts';

/** What the templates of labels may hold. */
export type LabelTemplates = 'off' | 'own-section' | 'trusted';

export interface TemplateContext {
  /** The operator's, for all ports. */
  readonly overrides: ReadonlyMap<TemplateName, Override>;
  /** What `default-server` says in the operator's HEAD. */
  readonly serverDefaults: readonly string[];
  readonly labelTemplates: (appId: AppId) => LabelTemplates;
  /** Where labels may name files, and where certificates. */
  readonly fileFolders: readonly string[];
  readonly certificateFolders: readonly string[];
}

export interface FragmentSource {
  readonly definition: PlainDefinition;
  /** The check that the definition's was made from. */
  readonly check: HealthCheck | undefined;
  /** As the labels have them. */
  readonly labels: Readonly<Partial<Record<TemplateName, string>>>;
}
