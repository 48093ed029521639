/** What is known of a setting. */
import type { z } from 'zod';

export interface SettingSpec<S extends z.ZodType = z.ZodType> {
  /** As on the command line, without dashes; the environment variable and the key in the file follow from it. */
  readonly flag: string;
  readonly short?: string;
  /** A variable that says the same under another name, as others have it. */
  readonly environment?: string;
  /** The placeholder of the value in the help; undefined for a flag without a value. */
  readonly argument?: string;
  readonly schema: S;
  /** As it would be written; undefined = not set. */
  readonly default?: string | number | boolean;
  readonly doc: string;
  /** What is said at start when it is set, since it has no effect (yet). */
  readonly withoutEffect?: string;
  readonly secret?: boolean;
}

/** Keeps the exact type of a spec. */
export const define = <const T extends SettingSpec>(spec: T): T => spec;
