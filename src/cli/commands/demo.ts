/** `pacer demo`: what `npm run demo` calls. */
import { runDemo } from '../../demo/demo.ts';
import { stopSignal } from '../signals.ts';

export function demo(options: Record<string, unknown>): Promise<number> {
  const haproxyBin = typeof options['haproxyBin'] === 'string' ? options['haproxyBin'] : undefined;
  return runDemo(
    { once: options['once'] === true, haproxyBin },
    { out: (line) => process.stdout.write(`${line}\n`), signal: stopSignal() },
  );
}
