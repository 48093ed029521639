/** One request with what the handlers need of it, and the answer they give. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api-error.ts';

export interface Exchange {
  readonly method: string;
  /** Decoded, with runs of slashes as they came. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** The body as JSON; 400 where it is none. */
  json(): Promise<unknown>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON. A string is JSON that has been written already. */
  readonly json?: unknown;
  readonly text?: string;
  readonly type?: string;
}

export function ok(json: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, json, headers };
}

const largestRequest = 64 * 1024 * 1024;

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > largestRequest) throw new ApiError(413, { message: 'The request is too large' });
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(400, { message: 'Invalid JSON', details: (error as Error).message });
  }
}

/** Query flags: present with no value or `true`. */
export function flag(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  return value === null ? fallback : value === '' || value === 'true';
}
