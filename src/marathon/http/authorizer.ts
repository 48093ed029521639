/** What a request to Marathon carries to be let in. It must not know which hosts may see it. */
import type { BasicCredentials } from '../../core/model/marathon-access.ts';

export interface Authorizer {
  /**
   * The Authorization header.
   * @throws PacerError where it cannot be had now
   */
  header(): Promise<string>;
  /** A request that carried `header` was answered with 401. True where asking once more is worth it. */
  refused(header: string): boolean;
}

export function basicAuthorizer({ user, password }: Omit<BasicCredentials, 'kind'>): Authorizer {
  const header = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  return { header: () => Promise.resolve(header), refused: () => false };
}
