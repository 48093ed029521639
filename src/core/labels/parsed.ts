import { escaped } from '../model/escaped.ts';

/** The result of reading one label: a typed value, or what is wrong with it and what to write instead. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

export type Parser<T> = (text: string) => Parsed<T>;

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });

export const rejected = (reason: string, remedy: string): Parsed<never> => ({ ok: false, reason, remedy });

/** A value as it may be shown to people: quoted, short, and without what a terminal would act upon. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  return quoted.replace(/[\u007f-\u009f\u2028\u2029]/g, escaped);
}
