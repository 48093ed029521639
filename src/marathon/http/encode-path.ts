/** An id in the path of a URL: `/team/w?b` as `/team/w%3Fb`. */
export function encodePath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
