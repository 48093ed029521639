/** The files that labels name: certificates, authorities, revocation lists. Each concerns the services that name it. */
import type { Diagnostic } from '../../core/diagnostic.ts';
import type { BackendName } from '../../core/ids.ts';
import type { Service, ServiceDefinition } from '../../core/service.ts';
import { messageOf } from '../../errors.ts';
import { fileDigest, readCertificate } from '../certificates.ts';

/** What is missing, by backend, and the digests of what is there, by path. */
export async function judgeFiles(services: readonly Service[]) {
  const missing = new Map<BackendName, Diagnostic>();
  const certificateDigests = new Map<string, string>();
  const fileDigests = new Map<string, string>();
  const judge = async (definition: ServiceDefinition, label: string, look: () => Promise<void>) => {
    const { backend, appId, portIndex } = definition;
    try {
      await look();
    } catch (error) {
      const remedy =
        label === 'SSL_CERT'
          ? 'put a PEM file with certificate and key there, or mend the label'
          : 'put the file there, or mend the label';
      missing.set(backend, {
        code: 'FILE_MISSING',
        severity: 'error',
        appId,
        portIndex,
        label: `HAPROXY_${portIndex}_${label}`,
        reason: messageOf(error),
        remedy,
      });
    }
  };
  for (const { definition } of services) {
    const { certificate, bindOptions } = definition;
    const certificates = [
      ...(certificate === undefined ? [] : [{ label: 'SSL_CERT', path: certificate }]),
      ...bindOptions.certificates.map((path) => ({ label: 'BIND_OPTIONS', path })),
    ];
    for (const { label, path } of certificates) {
      if (certificateDigests.has(path)) continue;
      await judge(definition, label, async () => {
        certificateDigests.set(path, (await readCertificate(path)).digest);
      });
    }
    for (const path of bindOptions.files) {
      if (fileDigests.has(path)) continue;
      await judge(definition, 'BIND_OPTIONS', async () => {
        fileDigests.set(path, await fileDigest(path));
      });
    }
  }
  return { missing, certificateDigests, fileDigests };
}
