/** Networks as text: computes which addresses two lists have in common. */
import { isIpv4 } from '../labels/address.ts';

/** The addresses that are in both lists; empty if there are none. */
export function commonNetworks(a: readonly string[], b: readonly string[]): readonly string[] {
  const common = a.flatMap((one) =>
    b.flatMap((other) => (isWithin(one, other) ? [one] : isWithin(other, one) ? [other] : [])),
  );
  return [...new Set(common)];
}

/** One of two networks contains the other, or they have nothing in common. */
function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [prefixOf(inner), prefixOf(outer)];
  return small.family === large.family && small.bits.startsWith(large.bits);
}

function prefixOf(network: string): { readonly family: 4 | 6; readonly bits: string } {
  const [address = '', length] = network.split('/');
  const family = isIpv4(address) ? 4 : 6;
  const bits = family === 4 ? bitsOfIpv4(address) : bitsOfIpv6(address);
  return { family, bits: length === undefined ? bits : bits.slice(0, Number(length)) };
}

const binary = (value: number, width: number): string => value.toString(2).padStart(width, '0');

const bitsOfIpv4 = (address: string): string =>
  address
    .split('.')
    .map((part) => binary(Number(part), 8))
    .join('');

function bitsOfIpv6(address: string): string {
  const [head = '', tail] = address.split('::').map(wordBits);
  return tail === undefined ? head : head.padEnd(128 - tail.length, '0') + tail;
}

const wordBits = (half: string): string =>
  half
    .split(':')
    .filter((group) => group !== '')
    .map((group) => (group.includes('.') ? bitsOfIpv4(group) : binary(Number.parseInt(group, 16), 16)))
    .join('');
