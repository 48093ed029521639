import { describe, expect, it } from 'vitest';
import { describeMarathonAddress, parseMarathonAddress } from '../../../src/core/model/marathon-address.ts';

describe('an address of Marathon', () => {
  it.each([
    ['http://m1:8080', 'http://m1:8080'],
    ['https://pacer:secret@m1.example:8443/service/marathon/', 'https://m1.example:8443/service/marathon'],
    ['srv://_marathon._tcp.marathon.mesos', 'srv://_marathon._tcp.marathon.mesos'],
    ['srv+https://_marathon._tcp.marathon.mesos/api/', 'srv+https://_marathon._tcp.marathon.mesos/api'],
    ['zk://zk1,zk2:2182/marathon', 'zk://zk1:2181,zk2:2182/marathon'],
    ['zk+https://marathon:secret@10.0.0.1/a/b/', 'zk+https://10.0.0.1:2181/a/b'],
  ])('%s is understood, and shown without its password', (text, shown) => {
    expect(describeMarathonAddress(parseMarathonAddress(text)!)).toBe(shown);
  });

  it.each([
    '',
    'm1:8080',
    'ftp://m1',
    'srv://',
    'srv://a b',
    'zk://zk1',
    'zk:///marathon',
    'zk://zk1:port/marathon',
  ])('%j is none', (text) => expect(parseMarathonAddress(text)).toBeUndefined());

  it('of a ZooKeeper holds what Marathon itself is given', () => {
    expect(parseMarathonAddress('zk://marathon:secret@zk1:2181,zk2:2181/marathon')).toEqual({
      kind: 'zookeeper',
      servers: 'zk1:2181,zk2:2181',
      path: '/marathon',
      auth: 'marathon:secret',
      scheme: 'http',
    });
  });
});
