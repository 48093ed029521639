/** The options of every command that asks a running Pacer. */
import type { Command } from 'commander';

export function addClientOptions(command: Command): Command {
  return command
    .option(
      '--status <url>',
      'the status server of the Pacer to ask (default: PACER_STATUS, else http://127.0.0.1:9095)',
    )
    .option('--token-file <file>', 'a token of it (default: PACER_TOKEN_FILE); changes take one')
    .option('--ca-file <file>', 'the authority of its certificate, PEM, where the system does not know it')
    .option('--cert-file <file>', 'a client certificate with its key, PEM, instead of a token');
}
