/** The lines of a configuration that are about one backend. */
import type { BackendName } from '../core/model/ids.ts';

export interface ConfigurationPart {
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

/** Its userlist, frontend and backend, as they stand in a haproxy.cfg, where blank lines part the sections. */
export function sectionsOf(configuration: string, file: string, backend: BackendName): ConfigurationPart[] {
  const heads = new Set([
    `userlist user_${backend}`,
    `frontend ${backend}`,
    `frontend ${backend}_in`,
    `backend ${backend}`,
  ]);
  const parts: ConfigurationPart[] = [];
  let line = 1;
  for (const text of configuration.split(/(?<=\n)\n+/)) {
    const lines = text.split('\n');
    if (lines.some((it) => heads.has(it))) parts.push({ file, line, text: text.trimEnd() });
    line += lines.length;
  }
  return parts;
}
