/** Values of options that are no settings, each refused with its flag where it is none. */
import { PacerError } from '../errors.ts';

/** Of what a command prints of a catalogue. */
export const formats = ['table', 'markdown', 'json'] as const;

export function oneOf<const T extends readonly string[]>(words: T, flag: string, value: unknown): T[number] {
  const word = words.find((it) => it === value);
  if (word !== undefined) return word;
  throw new PacerError(
    'SETTINGS_INVALID',
    `${flag} ${shown(value)} is not one of its values`,
    `write ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
  );
}

/** Undefined where the option was not given. */
export function wholeNumber(
  value: unknown,
  flag: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new PacerError(
    'SETTINGS_INVALID',
    `${flag} ${shown(value)} is not a whole number from ${min} to ${max}`,
    `write one, like ${flag} ${Math.max(min, 1)}`,
  );
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
