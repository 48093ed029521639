/**
 * How the cookies of sticky services are made. Each version of HAProxy has a way that suits it best. But a cookie that
 * clients already have must keep leading to its task, so the state directory remembers the first way that was used.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import { readState, writeStateFile } from '../storage/state-file.ts';

/**
 * `by-name`: from the server's name, as marathon-lb makes them. `by-address`: from address and port, by HAProxy itself,
 * so that a task can take a slot if HAProxy cannot add a server with a cookie at runtime.
 */
export type StickyCookies = 'by-name' | 'by-address';

/** What `stickyCookies` needs. */
export interface StickyCookiesOptions {
  readonly stateDir: string;
  /** The version of the HAProxy that serves. */
  readonly haproxyVersion: string;
  readonly addServerCookie: boolean;
  readonly warn: (message: string) => void;
}

const format = z.object({ cookies: z.enum(['by-name', 'by-address']) });

/** The way that ends no session: the one in use, or if none is, the one that suits this HAProxy. */
export async function stickyCookies(options: StickyCookiesOptions): Promise<StickyCookies> {
  const { stateDir, haproxyVersion, addServerCookie, warn } = options;
  const file = join(stateDir, 'sticky.json');
  const suits: StickyCookies = addServerCookie ? 'by-name' : 'by-address';
  const stored = await readState(file, 'the kind of sticky cookies in use', format, warn);
  const isSticky = await servesSticky(stateDir);
  const cookies = (isSticky ? stored?.cookies : undefined) ?? suits;
  if (cookies !== suits) warn(keeps(cookies, haproxyVersion, file));
  if (cookies !== stored?.cookies)
    await writeStateFile(file, JSON.stringify({ cookies })).catch((error: unknown) =>
      warn(
        `${file} cannot be written, so a change of HAProxy's version would end sticky sessions: ${messageOf(error)}`,
      ),
    );
  return cookies;
}

/** Whether clients may have cookies from the configuration that is served. */
async function servesSticky(stateDir: string): Promise<boolean> {
  const text = await readFile(activeConfigFile(stateDir), 'utf8').catch(() => '');
  return /^\s*cookie\s+mesosphere_server_id\s/m.test(text);
}

function keeps(cookies: StickyCookies, haproxy: string, file: string): string {
  const how =
    cookies === 'by-address'
      ? 'are made from addresses, as another version of HAProxy needed; new tasks take free slots'
      : `are made from names, which HAProxy ${haproxy} cannot give to a server at runtime; each new task takes a reload`;
  return (
    `sticky services keep their present cookies, so that no session ends: they ${how}. ` +
    `To switch to the cookies that suit HAProxy ${haproxy}, which ends all sticky sessions once: rm ${file} and restart Pacer`
  );
}
