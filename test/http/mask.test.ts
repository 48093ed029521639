import { expect, test } from 'vitest';
import { maskConfiguration } from '../../src/http/mask.ts';

test.each([
  ['a user of a userlist', '  user alice password $6$a$b', '  user alice password ***'],
  ['with groups', '  user bob insecure-password secret groups ops', '  user bob insecure-password ***'],
  ['quoted', "  user 'a b' password 'x y'", "  user 'a b' password ***"],
  ['the statistics page', '  stats auth admin:secret', '  stats auth admin:***'],
  ['the key of dynamic cookies', '  dynamic-cookie-key secret', '  dynamic-cookie-key ***'],
  [
    'a header that authenticates',
    '  http-request set-header Authorization "Basic c2VjcmV0"',
    '  http-request set-header Authorization ***',
  ],
  [
    'a header with a token',
    '  http-request add-header X-Key "Bearer c2VjcmV0c2VjcmV0"',
    '  http-request add-header X-Key "Bearer ***"',
  ],
  ['a URL', '  # from http://bob:secret@marathon:8080/v2', '  # from http://***@marathon:8080/v2'],
])('masking hides the secret of %s', (_, line, masked) => {
  expect(maskConfiguration(`before\n${line}\nafter\n`)).toBe(`before\n${masked}\nafter\n`);
});

test('masking leaves everything else as it is', () => {
  const text = 'backend a\n  server s 10.0.0.1:80 check\n  stats auth-realm x\n  http-request auth realm r\n';
  expect(maskConfiguration(text)).toBe(text);
});
