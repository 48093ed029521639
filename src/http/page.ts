/** The status page for people: files as they are, which ask the other routes. Open to all, since they say nothing. */
import { readFileSync } from 'node:fs';
import { packagedFile } from '../package.ts';
import { get, type Answer, type Route } from './route.ts';

const files: readonly [path: string, file: string, type: Answer['type']][] = [
  ['/', 'index.html', 'html'],
  ['/page/page.css', 'page.css', 'css'],
  ['/page/page.js', 'page.js', 'script'],
  ['/page/icon.svg', 'icon.svg', 'svg'],
];

export function pageRoutes(): readonly Route[] {
  return files.map(([path, file, type]) => {
    const body = readFileSync(packagedFile('templates', 'page', file), 'utf8');
    return get(path, () => ({ status: 200, type, body }), { access: 'open' });
  });
}
