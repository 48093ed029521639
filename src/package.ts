/** The files that the package has beside the program: package.json, templates/, and the build itself. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where package.json is, seen from src/ and from the built dist/ alike. */
const root = nearestPackage(import.meta.dirname);

/** The path of a file of the package. */
export const packagedFile = (...names: readonly string[]): string => join(root, ...names);

export function packageVersion(): string {
  const text = readFileSync(packagedFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function nearestPackage(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json is missing: Pacer is not installed completely');
  return nearestPackage(parent);
}
