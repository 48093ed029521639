/** `pacer approve`: agrees to a withheld removal. */
import { pacerClient } from '../client/client.ts';
import { counted } from '../terminal/words.ts';

interface Approved {
  readonly applied: {
    readonly servers: number;
    readonly apps: number;
    readonly of: number;
    readonly cause: string;
  };
}

export async function approve(options: Record<string, unknown>): Promise<number> {
  const answer = (await pacerClient(options).post('/approve')) as Approved;
  const { servers, of, cause } = answer.applied;
  const text = `approved: ${counted(servers, 'server')} of ${of} go (${cause})\n`;
  process.stdout.write(options['json'] === true ? `${JSON.stringify(answer, null, 2)}\n` : text);
  return 0;
}
