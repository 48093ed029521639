/**
 * The status page for people: static files that query the other routes. Open to everybody, because they contain no
 * data.
 */
import { readFileSync } from 'node:fs';
import { packagedFile } from '../package.ts';
import { get, type Answer, type Route } from './route.ts';

const files: readonly [path: string, file: string, type: Answer['type']][] = [
  ['/', 'index.html', 'html'],
  ['/page/page.css', 'page.css', 'css'],
  ['/page/page.js', 'page.js', 'script'],
  ['/page/icon.svg', 'icon.svg', 'svg'],
];

/** The routes of the page's files. */
export function pageRoutes(): readonly Route[] {
  return files.map(([path, file, type]) => {
    const body = readFileSync(packagedFile('templates', 'page', file), 'utf8');
    return get(path, () => ({ status: 200, type, body }), { access: 'open' });
  });
}
