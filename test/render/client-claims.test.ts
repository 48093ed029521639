import { expect, test } from 'vitest';
import { clientClaims } from '../../src/render/client-claims.ts';
import { loadFragments } from '../../src/render/fragments.ts';

const { render } = loadFragments();

test('a frontend takes away what a client claims about itself, unless the client is a trusted proxy', () => {
  expect(clientClaims(render, false)).toContain('http-request del-header X-Real-IP\n');
  expect(clientClaims(render, '10.0.0.0/8')).toContain(
    'http-request del-header X-Real-IP if !{ src 10.0.0.0/8 }\n',
  );
});

test('a header that the operator’s own frontend sets is not taken away again', () => {
  const own = '  bind *:80\n  http-request set-header x-real-ip %[src]\n';
  const rules = clientClaims(render, false, own);
  expect(rules).not.toContain('X-Real-IP');
  expect(rules).toContain('del-header X-Forwarded-Host');
  expect(clientClaims(render, false, '  option forwardfor header X-Forwarded-For\n')).toContain(
    'del-header Forwarded\n',
  );
});
