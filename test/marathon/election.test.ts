import { expect, it } from 'vitest';
import { byTurn } from '../../src/marathon/discovery/zookeeper.ts';

it('the members of a latch lead in the order of their sequence, whatever their names begin with', () => {
  const members = [
    { name: '_c_0e-latch-0000000012', data: 'm3:8080' },
    { name: '_c_ff-latch-0000000002', data: 'm1:8080' },
    { name: '_c_aa-latch-0000000010', data: ' m2:8080\n' },
  ];
  expect(byTurn(members)).toEqual(['m1:8080', 'm2:8080', 'm3:8080']);
});

it('the stand-in of 1.3 and 1.4 leads, and is listed once', () => {
  const members = [
    { name: 'member_0000000001', data: 'm1:8080' },
    { name: 'member_-00000000', data: 'm2:8080' },
    { name: 'member_0000000002', data: 'm2:8080' },
  ];
  expect(byTurn(members)).toEqual(['m2:8080', 'm1:8080']);
});

it('a node that is no member, or names no host and port, is left out', () => {
  const members = [
    { name: 'lock-0000000001', data: 'm1:8080' },
    { name: 'member_0000000001', data: '' },
    { name: 'member_0000000002', data: 'user@evil:80' },
    { name: 'member_0000000003', data: 'm1:8080/path' },
  ];
  expect(byTurn(members)).toEqual([]);
});
