/**
 * What HAProxy refuses, by content. The same text for the same HAProxy gets the same verdict, so HAProxy is not asked
 * again, not even after a restart. If the text names files, the verdict is valid as long as they are unchanged.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { saved } from '../storage/saved.ts';

/** Why HAProxy refuses a text. */
export interface Verdict {
  /** HAProxy's message. */
  readonly reason: string;
  /** Path → what `stat` said, of every file that the text may name. */
  readonly files: Readonly<Record<string, string>>;
  /** False if HAProxy named no service, and this one was found by elimination. Such a verdict ends with a restart. */
  readonly isCertain: boolean;
}

/** The remembered verdicts. */
export interface Verdicts {
  readonly on: (text: string) => Verdict | undefined;
  readonly add: (text: string, reason: string, isCertain: boolean) => Promise<void>;
  /** Forgets the verdicts on these texts whose files have changed. */
  readonly look: (texts: Iterable<string>) => Promise<void>;
  readonly isEmpty: () => boolean;
  readonly close: () => Promise<void>;
}

/** What `openVerdicts` needs. */
export interface VerdictOptions {
  readonly file: string;
  /** The version of the HAProxy that judges. */
  readonly haproxyVersion: string;
  readonly warn: (message: string) => void;
}

/** At most this many verdicts are remembered; the oldest are dropped first. */
const mostVerdicts = 5000;

const verdictFormat = z.object({
  reason: z.string(),
  files: z.record(z.string(), z.string()),
  isCertain: z.boolean(),
});
const savedFormat = z.object({
  haproxy: z.string(),
  verdicts: z.array(z.tuple([z.string(), verdictFormat])),
});

/** Reads the file. A file that cannot be used is set aside, with a warning. */
export async function openVerdicts({ file, haproxyVersion, warn }: VerdictOptions): Promise<Verdicts> {
  let verdicts = new Map<string, Verdict>();
  const keyOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  const text = () => {
    const certain = [...verdicts].filter(([, { isCertain }]) => isCertain);
    return `${JSON.stringify({ haproxy: haproxyVersion, verdicts: certain })}\n`;
  };
  const store = await saved({ file, what: "HAProxy's verdicts", text, warn }, (content) => {
    const { haproxy, verdicts: known } = savedFormat.parse(JSON.parse(content));
    // Another HAProxy may decide differently.
    if (haproxy === haproxyVersion) verdicts = new Map(known);
  });
  return {
    isEmpty: () => verdicts.size === 0,
    on: (content) => verdicts.get(keyOf(content)),
    add: async (content, reason, isCertain) => {
      const key = keyOf(content);
      verdicts.delete(key);
      verdicts.set(key, { reason, files: await factsOf(content), isCertain });
      const [oldest] = verdicts.keys();
      if (verdicts.size > mostVerdicts && oldest !== undefined) verdicts.delete(oldest);
      store.changed();
    },
    look: async (texts) => {
      for (const content of texts) {
        const verdict = verdicts.get(keyOf(content));
        if (verdict === undefined || Object.keys(verdict.files).length === 0) continue;
        const facts = await factsOf(content);
        if (Object.entries(verdict.files).every(([path, fact]) => facts[path] === fact)) continue;
        verdicts.delete(keyOf(content));
        store.changed();
      }
    },
    close: store.close,
  };
}

/** `stat` of every word that may be the path of a file. Parts of URLs are no files and do not become any. */
async function factsOf(content: string): Promise<Record<string, string>> {
  const paths = new Set(content.match(/(?<=[\s'"(,=@])\/[^\s'",()]+/g) ?? []);
  const facts: Record<string, string> = {};
  for (const path of [...paths].slice(0, 64)) {
    const found = await stat(path).catch(() => undefined);
    facts[path] = found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  }
  return facts;
}
