/** `pacer approve`: agrees to a withheld removal. */
import type { Approved } from '../../daemon/status/answers.ts';
import { pacerClient } from '../client/client.ts';
import { counted } from '../terminal/words.ts';

export async function approve(options: Record<string, unknown>): Promise<number> {
  const answer = (await pacerClient(options).post('/approve')) as Approved;
  process.stdout.write(
    options['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : approvedText(answer),
  );
  return 0;
}

export function approvedText({ applied: { servers, apps, of, cause } }: Approved): string {
  if (of.servers === 0) return `approved: ${cause}\n`;
  const whole = apps === 0 ? '' : `, all those of ${counted(apps, 'app')}`;
  return `approved: ${servers} of ${counted(of.servers, 'server')} go${whole} (${cause})\n`;
}
