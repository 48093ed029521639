/** Encodes an id for the path of a URL: `/team/w?b` becomes `/team/w%3Fb`. */
export function encodePath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
