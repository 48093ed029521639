/** Whose a line of haproxy.cfg is: HAProxy names a line where it refuses something. */
import type { BackendName } from '../core/model/ids.ts';
import type { Routes } from '../core/routing/routes.ts';
import type { Service } from '../core/model/service.ts';
import type { RuleLines } from '../core/model/replaced.ts';
import { tlsSocket, type GroupedHead } from './grouped-https.ts';
import type { RenderedService } from './service.ts';

/** A part of haproxy.cfg, and whose it is. */
export interface Body {
  readonly text: Buffer;
  readonly backend: BackendName | undefined;
}

/** A service, and what it is rendered as. */
export interface Part {
  readonly service: Service;
  readonly part: RenderedService;
}

export function bodiesOf({ service, part }: Part): Body[] {
  const { backend } = service.definition;
  return [part.text, part.servers].map((text) => ({ text, backend }));
}

/** Only asked for when HAProxy complains, so nothing is kept for it. */
export function backendAt(
  line: number,
  before: readonly Buffer[],
  bodies: readonly Body[],
): BackendName | undefined {
  let end = before.reduce((sum, part) => sum + lineCount(part), 0);
  if (line <= end) return undefined;
  for (const { text, backend } of bodies) {
    end += lineCount(text);
    if (line <= end) return backend;
  }
  return undefined;
}

/** The service whose rule in a frontend of all this line is. */
export function ruleOwner(
  text: string | undefined,
  { rules, appIdRules, tls }: Routes,
  head: GroupedHead,
): BackendName | undefined {
  if (text === undefined || text === '') return undefined;
  const has = ({ before, redirects, uses }: RuleLines) => [...before, ...redirects, ...uses].includes(text);
  return (
    rules.find(({ http, https }) => has(http) || has(https)) ??
    appIdRules.find(has) ??
    tls.frontends.find(({ name }) => text.startsWith(`bind ${tlsSocket(head, name)} `))
  )?.backend;
}

function lineCount(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) count++;
  return count;
}
