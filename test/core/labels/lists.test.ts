/** Lists in labels: an odd item costs that item. */
import { describe, expect, test } from 'vitest';
import { readLabels } from '../../../src/core/labels/read.ts';
import { asAppId } from '../../../src/core/model/ids.ts';

const read = (name: string, value: string) => {
  const { ports, diagnostics } = readLabels(asAppId('/web'), { [`HAPROXY_0_${name}`]: value }, 1);
  return {
    value: ports.get(0)?.[name as 'VHOST'] as unknown,
    said: diagnostics.map(({ code, severity, value: item }) => `${severity} ${code} ${item ?? ''}`),
  };
};

describe('hosts', () => {
  test.each([
    [
      'a.example.com,a.example.com:9000',
      ['a.example.com'],
      ['warning LABEL_ITEM_CHANGED "a.example.com:9000"'],
    ],
    ['*.example.com:443', ['*.example.com'], ['warning LABEL_ITEM_CHANGED "*.example.com:443"']],
    ['a.example.com,\n  b.example.com\n', ['a.example.com', 'b.example.com'], []],
    ['a.example.com,b example.com', ['a.example.com'], ['error LABEL_ITEM_LEFT_OUT "b example.com"']],
    ['a.example.com,b:port', ['a.example.com'], ['error LABEL_ITEM_LEFT_OUT "b:port"']],
    ['a.example.com,[::1]:80', ['a.example.com'], ['error LABEL_ITEM_LEFT_OUT "[::1]:80"']],
    ['a.example.com,:80', ['a.example.com'], ['error LABEL_ITEM_LEFT_OUT ":80"']],
    [
      'a.example.com,b.example.com\nbackend x',
      ['a.example.com'],
      ['error LABEL_ITEM_LEFT_OUT "b.example.com\\nbackend x"'],
    ],
    ['a b,c d', undefined, ['error LABEL_INVALID "a b,c d"']],
  ])('%j', (text, value, said) => {
    expect(read('VHOST', text)).toEqual({ value, said });
  });

  test('there may be thousands of them', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `h${i}.example.com`);
    expect(read('VHOST', many.join(','))).toEqual({ value: many, said: [] });
  });

  test('of many odd ones ten are named, and how many there are', () => {
    const { value, said } = read(
      'VHOST',
      `a.example.com,${Array.from({ length: 500 }, (_, i) => `b ${i}`).join(',')}`,
    );
    expect(value).toEqual(['a.example.com']);
    expect(said).toHaveLength(10);
    const { diagnostics } = readLabels(
      asAppId('/web'),
      { HAPROXY_0_VHOST: `a.example.com,${Array.from({ length: 500 }, (_, i) => `b ${i}`).join(',')}` },
      1,
    );
    expect(diagnostics.at(-1)?.reason).toContain('10 of 500');
  });
});

describe('paths', () => {
  const long = `/${'x'.repeat(3000)}`;
  test.each([
    ['/api v1', { paths: ['/api'], ignoreCase: false }, ['error LABEL_ITEM_LEFT_OUT "v1"']],
    [
      `-i /api\n${long}`,
      { paths: ['/api'], ignoreCase: true },
      [`error LABEL_ITEM_LEFT_OUT "${long.slice(0, 57)}..."`],
    ],
    ['-f /etc/hosts /api', undefined, ['error LABEL_INVALID "-f /etc/hosts /api"']],
    ['-i', undefined, ['error LABEL_INVALID "-i"']],
    ['api', undefined, ['error LABEL_INVALID "api"']],
  ])('%j', (text, value, said) => {
    expect(read('PATH', text)).toEqual({ value, said });
  });
});

describe('networks', () => {
  test.each([
    ['10.0.0.0/8 office', ['10.0.0.0/8'], ['error LABEL_ITEM_LEFT_OUT "office"']],
    ['10.0.0.0/8,\n10.1.1.1:80', ['10.0.0.0/8'], ['error LABEL_ITEM_LEFT_OUT "10.1.1.1:80"']],
    ['office', undefined, ['error LABEL_INVALID "office"']],
  ])('%j', (text, value, said) => {
    expect(read('BACKEND_NETWORK_ALLOWED_ACL', text)).toEqual({ value, said });
  });
});

test('options of a listener are no list: without one of them the port might be open to more clients', () => {
  expect(read('BIND_OPTIONS', 'accept-proxy verify requird')).toEqual({
    value: undefined,
    said: ['error LABEL_INVALID "accept-proxy verify requird"'],
  });
});

test('any other value has at most 2048 characters', () => {
  const path = `/${'x'.repeat(2048)}`;
  expect(read('HTTP_BACKEND_REDIR', path).said).toEqual([`error LABEL_INVALID "${path.slice(0, 57)}..."`]);
  expect(read('HTTP_BACKEND_REDIR', path.slice(0, 2048)).value).toBe(path.slice(0, 2048));
});
