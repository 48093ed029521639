/** Reads files that settings name. */
import { readFileSync } from 'node:fs';
import { messageOf, PacerError } from '../errors.ts';

/** @throws PacerError FILE_UNREADABLE with the setting and the path */
export function readNamed(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PacerError(
      'FILE_UNREADABLE',
      `${flag} ${path}: ${messageOf(error)}`,
      'check that the file exists and that Pacer may read it',
    );
  }
}
