import { escaped } from '../model/escaped.ts';

/** The result of reading one label: a typed value, or what is wrong with it and what to write instead. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T; readonly items?: readonly OddItem[] }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** One item of a list that is not as it should be. The others count all the same. */
export interface OddItem {
  /** `error`: the item is left out. `warning`: it is read as something that its owner can only have meant. */
  readonly severity: 'error' | 'warning';
  readonly item: string;
  readonly reason: string;
  readonly remedy: string;
}

export type Parser<T> = (text: string) => Parsed<T>;

export const parsed = <T>(value: T, items: readonly OddItem[] = []): Parsed<T> =>
  items.length === 0 ? { ok: true, value } : { ok: true, value, items };

export const rejected = (reason: string, remedy: string): Parsed<never> => ({ ok: false, reason, remedy });

/** A value as it may be shown to people: quoted, short, and without what a terminal would act upon. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  return quoted.replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
}
