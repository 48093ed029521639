/** `pacer rollback N`: every service as it was in revision N, until `pacer rollback --release`. */
import type { RolledBack } from '../../daemon/status/answers.ts';
import { PacerError } from '../../errors.ts';
import { pacerClient } from '../client/client.ts';
import { counted } from '../terminal/words.ts';

export async function rollback(
  revision: string | undefined,
  options: Record<string, unknown>,
): Promise<number> {
  const release = options['release'] === true;
  if (release === (revision !== undefined) || !/^\d{1,9}$/.test(revision ?? '0')) {
    throw new PacerError(
      'SETTINGS_INVALID',
      release
        ? 'rollback takes a revision or --release, not both'
        : 'rollback takes the number of a revision',
      'see `pacer revisions`, then write `pacer rollback 41`, or `pacer rollback --release`',
    );
  }
  const client = pacerClient(options);
  const answer = (await client.post('/rollback', {
    revision: release ? null : Number(revision),
  })) as RolledBack;
  process.stdout.write(options['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : words(answer));
  return 0;
}

function words(answer: RolledBack): string {
  return 'released' in answer
    ? `revision ${answer.released} is released: what Marathon says is served again\n`
    : `revision ${answer.pinned.revision} is pinned: ${counted(answer.pinned.services, 'service')} as they were then; their servers follow Marathon\nwhen the cause is mended: pacer rollback --release\n`;
}
