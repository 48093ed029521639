/**
 * Turns the settings of one Marathon into how it is reached. The files that the settings name are read here, at the
 * start and when they change.
 */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import type {
  ClientCertificate,
  Credentials,
  MarathonAccess,
  Secrets,
} from '../core/model/marathon-access.ts';
import { PacerError } from '../errors.ts';
import { readNamed } from './read-named.ts';
import type { SettingKey, SettingValues } from './table.ts';

/** The settings that say how one Marathon is reached. */
export const accessKeys = [
  'marathon',
  'dnsServers',
  'auth',
  'authFile',
  'dcosAuth',
  'marathonCa',
  'marathonCert',
  'marathonKey',
  'marathonInsecure',
] as const satisfies readonly SettingKey[];

/** The values of these settings. */
export type AccessSettings = Pick<SettingValues, (typeof accessKeys)[number]>;

/** @throws PacerError if a file cannot be read, or has the wrong content */
export function accessOf(values: AccessSettings): MarathonAccess {
  const paths = secretPaths(values);
  return {
    endpoints: values.marathon,
    dnsServers: values.dnsServers ?? [],
    ...secretsOf(values),
    insecure: values.marathonInsecure,
    ...(paths.length > 0 && { files: { paths, read: () => secretsOf(values) } }),
  };
}

function secretsOf(values: AccessSettings): Secrets {
  const { marathonCa } = values;
  return {
    credentials: credentialsOf(values),
    ca: marathonCa === undefined ? undefined : readNamed(marathonCa, '--marathon-ca-cert'),
    clientCertificate: clientCertificateOf(values),
  };
}

/** The files that are read. A file whose setting is overridden by another one is not read. */
function secretPaths({
  dcosAuth,
  authFile,
  marathonCa,
  marathonCert,
  marathonKey,
}: AccessSettings): string[] {
  const account = dcosAuth === undefined || isInline(dcosAuth) ? undefined : accountPath(dcosAuth);
  const credentials = dcosAuth === undefined ? authFile : account;
  return [credentials, marathonCa, marathonCert, marathonKey].filter((path) => path !== undefined);
}

const isInline = (written: string): boolean => written.trimStart().startsWith('{');
const accountPath = (written: string): string => written.trim().replace(/^file:\/\//, '');

/** In marathon-lb's order: a service account, then the file, then the value of the setting itself. */
function credentialsOf({ dcosAuth, authFile, auth }: AccessSettings): Credentials | undefined {
  if (dcosAuth !== undefined) return serviceAccountOf(dcosAuth);
  const flag = '--marathon-auth-credential-file';
  if (authFile !== undefined) return basicOf(readNamed(authFile, flag).trim(), `${flag} ${authFile}`);
  return auth === undefined ? undefined : basicOf(auth, '--auth-credentials');
}

function basicOf(text: string, source: string): Credentials {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new PacerError(
      'SETTINGS_INVALID',
      `${source} is not user:password`,
      'write the user, a colon and the password',
    );
  return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

const account = z.object({
  uid: z.string().min(1),
  private_key: z.string().min(1),
  login_endpoint: z.string().refine((text) => URL.canParse(text) && /^https?:/i.test(text), 'expected a URL'),
});

/** The JSON itself, or the path of a file that contains it. Messages never show any of it: it is a secret. */
function serviceAccountOf(written: string): Credentials {
  const flag = '--dcos-auth-credentials';
  const inline = isInline(written);
  const text = inline ? written : readNamed(accountPath(written), flag);
  const wrong = (what: string) =>
    new PacerError(
      'SETTINGS_INVALID',
      `${flag}${inline ? '' : ` ${written}`}: ${what}`,
      'give the service account as DC/OS stores it: {"uid", "private_key", "login_endpoint"}',
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong('it is not JSON');
  }
  const parsed = account.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}`);
  }
  const { uid, private_key: privateKey, login_endpoint: loginEndpoint } = parsed.data;
  if (!isRsaKey(privateKey)) throw wrong('private_key is not an RSA key in PEM');
  return { kind: 'service-account', uid, privateKey, loginEndpoint: new URL(loginEndpoint) };
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

function clientCertificateOf({ marathonCert, marathonKey }: AccessSettings): ClientCertificate | undefined {
  if (marathonCert === undefined && marathonKey === undefined) return undefined;
  if (marathonCert === undefined)
    throw new PacerError(
      'SETTINGS_INVALID',
      '--marathon-client-key needs --marathon-client-cert',
      'give the certificate too',
    );
  const cert = readNamed(marathonCert, '--marathon-client-cert');
  // One file may contain both, as HAProxy's certificate files do.
  const key = marathonKey === undefined ? cert : readNamed(marathonKey, '--marathon-client-key');
  return { cert, key };
}
