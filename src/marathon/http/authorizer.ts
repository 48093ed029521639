/** The Authorization header of requests to Marathon. Which hosts may see it is decided elsewhere. */
import type { BasicCredentials } from '../../core/model/marathon-access.ts';

/** Provides the header. */
export interface Authorizer {
  /**
   * The Authorization header.
   * @throws PacerError if it cannot be obtained now
   */
  header(): Promise<string>;
  /** A request with this `header` was answered with 401. @returns true if another attempt can help */
  refused(header: string): boolean;
}

/** Basic authentication with a fixed user and password. */
export function basicAuthorizer({ user, password }: Omit<BasicCredentials, 'kind'>): Authorizer {
  const header = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  return { header: () => Promise.resolve(header), refused: () => false };
}
