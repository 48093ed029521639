/** Asks `haproxy -c` about the configuration of apps that are not deployed yet. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../../core/model/diagnostic.ts';
import { PacerError } from '../../errors.ts';
import { checkConfiguration } from '../../haproxy/files/check.ts';
import type { Rendered } from '../render-apps.ts';

/** @throws PacerError HAPROXY_MISSING; HAPROXY_REJECTS for what is no app's */
export async function askHaproxy(
  program: string,
  { files, backendAt, desired }: Pick<Rendered, 'files' | 'backendAt' | 'desired'>,
): Promise<Diagnostic[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pacer-lint-'));
  try {
    for (const [name, content] of files) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), content);
    }
    const result = await checkConfiguration({ program, file: join(directory, 'haproxy.cfg') });
    if (result.kind === 'accepted') return [];
    const alerts = result.messages.filter(({ severity }) => severity === 'alert');
    const blamed = alerts.flatMap(({ line, text }): Diagnostic[] => {
      const backend = line === undefined ? undefined : backendAt(line);
      const service = backend === undefined ? undefined : desired.services.get(backend);
      if (service === undefined) return [];
      const { appId, portIndex } = service.definition;
      const reason = `HAProxy refuses its configuration: ${text}`;
      const remedy = `correct the labels HAPROXY_${portIndex}_*`;
      return [{ code: 'HAPROXY_REFUSES', severity: 'error', appId, portIndex, reason, remedy }];
    });
    if (blamed.length > 0) return blamed;
    throw new PacerError(
      'HAPROXY_REJECTS',
      `haproxy -c: ${alerts.map(({ text }) => text).join('; ')}`,
      'it is about no app; check the settings and templates that were given',
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
