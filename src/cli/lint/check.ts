/** Asks `haproxy -c` about the configuration of apps that are not deployed yet. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSignedPem } from '../../daemon/files/certificates.ts';
import { culpritsIn } from '../../daemon/rejected/rejections.ts';
import { PacerError } from '../../errors.ts';
import { tryConfiguration } from '../../haproxy/files/trial.ts';
import { capabilitiesOf } from '../../haproxy/machine/capabilities.ts';
import { haproxyVersion } from '../../haproxy/machine/version.ts';
import { configurationFile } from '../../render/render.ts';
import type { Machine, Rendered } from '../render-apps.ts';

/**
 * Without the services that HAProxy refuses; each is among the diagnostics.
 * @param render as the daemon would for this HAProxy and these listeners
 * @throws PacerError HAPROXY_MISSING, HAPROXY_TOO_OLD; HAPROXY_REJECTS for what is no app's
 */
export async function askHaproxy(program: string, render: (machine: Machine) => Rendered): Promise<Rendered> {
  const capabilities = capabilitiesOf(await haproxyVersion(program));
  const directory = await mkdtemp(join(tmpdir(), 'pacer-lint-'));
  try {
    // The listener's own may be on another machine, and are no app's fault.
    const certificate = join(directory, 'listener.pem');
    await writeFile(certificate, await selfSignedPem(), { mode: 0o600 });
    let rendered = render({ capabilities, certificates: [certificate] });
    for (;;) {
      const { files, rendering, desired } = rendered;
      const trial = { program, folder: join(directory, 'trial'), configuration: configurationFile };
      const verdict = await tryConfiguration({ ...trial, files });
      if (verdict.kind === 'accepted') return rendered;
      const culprits = culpritsIn(verdict.messages, { rendering, desired }, []);
      if (culprits.size === 0) throw refusal(verdict.messages.map(({ text }) => text));
      // The next question is about the others.
      rendered = await rendered.without(culprits);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const refusal = (said: readonly string[]): PacerError =>
  new PacerError(
    'HAPROXY_REJECTS',
    `haproxy -c: ${said.join('; ')}`,
    'it is about no app; check the settings and templates that were given',
  );
