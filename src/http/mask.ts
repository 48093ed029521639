/** Secrets do not leave the machine by way of a status page. */

/** Passwords of userlists, and credentials in URLs, made unreadable. */
export function maskConfiguration(text: string): string {
  return text
    .replace(/^(\s*user\s+(?:'(?:[^']|'\\'')*'|\S+)\s+(?:insecure-)?password\s+).*$/gm, '$1***')
    .replace(/(:\/\/)[^\s/@]+@/g, '$1***@');
}
