/** The description of a setting. */
import type { z } from 'zod';

/** One row of the settings table. */
export interface SettingSpec<S extends z.ZodType = z.ZodType> {
  /** As on the command line, without dashes. The environment variable and the key in the file follow from it. */
  readonly flag: string;
  readonly short?: string;
  /** The name of a variable that means the same in other programs. */
  readonly environment?: string;
  /** The placeholder for the value in the help; undefined for a flag without a value. */
  readonly argument?: string;
  readonly schema: S;
  /** The default, as a user would write it; undefined: not set. */
  readonly default?: string | number | boolean;
  readonly doc: string;
  /** The notice at the start if it is set, because it has no effect (yet). */
  readonly withoutEffect?: string;
  readonly secret?: boolean;
}

/** Keeps the exact type of a spec. */
export const define = <const T extends SettingSpec>(spec: T): T => spec;
