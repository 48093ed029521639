/** Keeps secrets from leaving the machine through the status page. */

/** Masks passwords of user lists and statistics, keys of cookies, and credentials in headers and URLs. */
export function maskConfiguration(text: string): string {
  return text
    .replace(/^(\s*user\s+(?:'(?:[^']|'\\'')*'|\S+)\s+(?:insecure-)?password\s+).*$/gim, '$1***')
    .replace(/\b(stats\s+auth\s+[^\s:]+:)\S+/gi, '$1***')
    .replace(/\b(dynamic-cookie-key\s+).*$/gim, '$1***')
    .replace(/\b((?:set|add|replace)-header\s+(?:proxy-)?authorization\s+).*$/gim, '$1***')
    .replace(/\b((?:basic|bearer)(?:\s|\\ |%20)+)[\w+/=.~-]{8,}/gi, '$1***')
    .replace(/(:\/\/)[^\s/@]+@/g, '$1***@');
}
