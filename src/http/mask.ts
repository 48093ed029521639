/** Secrets do not leave the machine by way of a status page. */

/** Passwords of userlists and of the statistics, keys of cookies, credentials in headers and URLs, made unreadable. */
export function maskConfiguration(text: string): string {
  return text
    .replace(/^(\s*user\s+(?:'(?:[^']|'\\'')*'|\S+)\s+(?:insecure-)?password\s+).*$/gim, '$1***')
    .replace(/\b(stats\s+auth\s+[^\s:]+:)\S+/gi, '$1***')
    .replace(/\b(dynamic-cookie-key\s+).*$/gim, '$1***')
    .replace(/\b((?:set|add|replace)-header\s+(?:proxy-)?authorization\s+).*$/gim, '$1***')
    .replace(/\b((?:basic|bearer)(?:\s|\\ |%20)+)[\w+/=.~-]{8,}/gi, '$1***')
    .replace(/(:\/\/)[^\s/@]+@/g, '$1***@');
}
