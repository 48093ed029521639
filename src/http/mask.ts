/** Secrets do not leave the machine by way of a status page. */

/** Passwords of userlists and of the statistics page, keys, credentials in headers and URLs, made unreadable. */
export function maskConfiguration(text: string): string {
  return text
    .replace(/^(\s*user\s+(?:'(?:[^']|'\\'')*'|\S+)\s+(?:insecure-)?password\s+).*$/gm, '$1***')
    .replace(/^(\s*stats\s+auth\s+[^\s:]+:).*$/gm, '$1***')
    .replace(
      /^(\s*(?:dynamic-cookie-key|http-(?:request|response|after-response)\s+\S+\s+(?:Proxy-)?Authorization)\s+).*$/gim,
      '$1***',
    )
    .replace(/(:\/\/)[^\s/@]+@/g, '$1***@');
}
