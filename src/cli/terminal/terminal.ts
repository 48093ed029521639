/** Where a command prints: how wide it is, and whether colours help. */
import { styleText } from 'node:util';
import { environment } from '../../settings/environment.ts';

export type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Columns; undefined where the output goes to a file or a program, and nothing is shortened. */
  readonly width: number | undefined;
  readonly paint: (style: Style, text: string) => string;
  readonly write: (text: string) => void;
}

/** [no-color.org] Colours are for terminals, unless NO_COLOR is set and not empty. */
export function terminal(stream: NodeJS.WriteStream = process.stdout): Terminal {
  const { NO_COLOR: noColour = '', FORCE_COLOR: force = '', TERM: term } = environment();
  const colours = noColour === '' && (force === '' ? stream.isTTY && term !== 'dumb' : force !== '0');
  return {
    // Some terminals say 0 where they do not know.
    width: stream.isTTY && stream.columns > 0 ? stream.columns : undefined,
    paint: (style, text) => (colours && text !== '' ? styleText(style, text) : text),
    write: (text) => void stream.write(text),
  };
}
