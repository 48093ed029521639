/**
 * What HAProxy refuses, by content: the same text for the same HAProxy gets the same verdict, so it is not asked
 * again, after a restart neither. Where the text names files, the verdict stands as long as they are the same.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { saved } from '../storage/saved.ts';

export interface Verdict {
  /** HAProxy's words. */
  readonly reason: string;
  /** Path → what `stat` said of it, of every file the text may name. */
  readonly files: Readonly<Record<string, string>>;
  /** False where HAProxy named nobody, and it was found by trying: that is not taken over a restart. */
  readonly isCertain: boolean;
}

export interface Verdicts {
  readonly on: (text: string) => Verdict | undefined;
  readonly add: (text: string, reason: string, isCertain: boolean) => Promise<void>;
  /** Forgets the verdicts on these texts whose files are no longer what they were. */
  readonly look: (texts: Iterable<string>) => Promise<void>;
  readonly isEmpty: () => boolean;
  readonly close: () => Promise<void>;
}

export interface VerdictOptions {
  readonly file: string;
  /** Of the HAProxy that judges. */
  readonly haproxyVersion: string;
  readonly warn: (message: string) => void;
}

/** More are not remembered; the oldest go first. */
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

export async function openVerdicts({ file, haproxyVersion, warn }: VerdictOptions): Promise<Verdicts> {
  let verdicts = new Map<string, Verdict>();
  const keyOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  const text = () => {
    const certain = [...verdicts].filter(([, { isCertain }]) => isCertain);
    return `${JSON.stringify({ haproxy: haproxyVersion, verdicts: certain })}\n`;
  };
  const store = await saved({ file, what: "HAProxy's verdicts", text, warn }, (content) => {
    const { haproxy, verdicts: known } = savedFormat.parse(JSON.parse(content));
    // Another HAProxy may judge otherwise.
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

/** Of all words that may be the path of a file; those of URLs are no files, and stay none. */
async function factsOf(content: string): Promise<Record<string, string>> {
  const paths = new Set(content.match(/(?<=[\s'"(,=@])\/[^\s'",()]+/g) ?? []);
  const facts: Record<string, string> = {};
  for (const path of [...paths].slice(0, 64)) {
    const found = await stat(path).catch(() => undefined);
    facts[path] = found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  }
  return facts;
}
