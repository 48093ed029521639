/**
 * What the cookies of sticky services are made of. Each version of HAProxy has a way that suits it; but a cookie
 * that another one gave out must go on leading to its task, so the state directory keeps the way it began with.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { activeConfigFile } from '../../haproxy/files/publish.ts';
import { readState, writeStateFile } from '../storage/state-file.ts';

/**
 * `by-name`: of the server's name, as marathon-lb makes them. `by-address`: of address and port, by HAProxy itself,
 * so that a task can take a slot where HAProxy adds no server with a cookie at runtime.
 */
export type StickyCookies = 'by-name' | 'by-address';

export interface StickyCookiesOptions {
  readonly stateDir: string;
  /** Of the HAProxy that is to serve. */
  readonly haproxyVersion: string;
  readonly addServerCookie: boolean;
  readonly warn: (message: string) => void;
}

const format = z.object({ cookies: z.enum(['by-name', 'by-address']) });

/** Those that lose no session: the ones in use, or where there are none those that suit this HAProxy. */
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
        `${file} cannot be written, so another version of HAProxy would end sticky sessions: ${messageOf(error)}`,
      ),
    );
  return cookies;
}

/** Whether clients may have cookies: of the configuration that is served. */
async function servesSticky(stateDir: string): Promise<boolean> {
  const text = await readFile(activeConfigFile(stateDir), 'utf8').catch(() => '');
  return /^\s*cookie\s+mesosphere_server_id\s/m.test(text);
}

function keeps(cookies: StickyCookies, haproxy: string, file: string): string {
  const how =
    cookies === 'by-address'
      ? 'are made of addresses, as another version of HAProxy needed them; new tasks take free slots'
      : `are made of names, which HAProxy ${haproxy} cannot give to a server at runtime; each new task takes a reload`;
  return (
    `sticky services keep the cookies they have, so that no session ends: they ${how}. ` +
    `To have those that suit HAProxy ${haproxy}, which ends all sticky sessions once: rm ${file} and restart Pacer`
  );
}
