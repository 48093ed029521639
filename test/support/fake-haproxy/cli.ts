/** A worker's command line: finds the command of a line, as HAProxy splits it, and answers. */
import { judgeReply } from '../../../src/haproxy/cli/runtime-reply.ts';
import {
  encodeCommand,
  type RuntimeCommand,
  type RuntimeReply,
} from '../../../src/haproxy/cli/runtime-command.ts';
import type { Answer, Command, CommandContext } from './commands/answer.ts';
import * as backends from './commands/backends.ts';
import * as certificates from './commands/certificates.ts';
import * as maps from './commands/maps.ts';
import * as of from './commands/process.ts';
import * as servers from './commands/servers.ts';
import { since, type FakeWorker } from './worker.ts';

interface Known {
  readonly run: Command;
  /** The version that brought it. */
  readonly from?: readonly [number, number];
}

const commands: Readonly<Record<string, Known>> = {
  'show info': { run: of.showInfo },
  'show env': { run: of.showEnv },
  'show version': { run: of.showVersion },
  'show stat': { run: of.showStat },
  'get var': { run: of.getVar },
  'set var': { run: of.setVar },
  'experimental-mode': { run: of.experimentalMode },
  'show servers state': { run: servers.showServersState },
  'add server': { run: servers.addServer },
  'del server': { run: servers.deleteServer },
  'set server': { run: servers.setServer },
  'enable server': { run: servers.enableServer },
  'disable server': { run: servers.disableServer },
  'enable health': { run: servers.enableHealth },
  'disable health': { run: servers.disableHealth },
  'enable agent': { run: servers.enableAgent },
  'disable agent': { run: servers.disableAgent },
  'shutdown sessions server': { run: servers.shutdownSessions },
  'show map': { run: maps.showMap },
  'get map': { run: maps.getMap },
  'add map': { run: maps.addMap },
  'set map': { run: maps.setMap },
  'del map': { run: maps.deleteMap },
  'clear map': { run: maps.clearMap },
  'prepare map': { run: maps.prepareMap },
  'commit map': { run: maps.commitMap },
  'show ssl cert': { run: certificates.showCert },
  'new ssl cert': { run: certificates.newCert },
  'set ssl cert': { run: certificates.setCert },
  'commit ssl cert': { run: certificates.commitCert },
  'abort ssl cert': { run: certificates.abortCert },
  'del ssl cert': { run: certificates.deleteCert },
  'show ssl crt-list': { run: certificates.showCrtList },
  'add ssl crt-list': { run: certificates.addCrtList },
  'del ssl crt-list': { run: certificates.deleteCrtList },
  'add backend': { run: backends.addBackend, from: [3, 4] },
  'publish backend': { run: backends.publishBackend, from: [3, 4] },
  'unpublish backend': { run: backends.unpublishBackend, from: [3, 4] },
  'del backend': { run: backends.deleteBackend, from: [3, 4] },
};

/** The commands of one connection. */
export class FakeSession {
  readonly #context: CommandContext;
  readonly #tellsSeverity: boolean;

  /** @param tellsSeverity false on a master's socket */
  constructor(worker: FakeWorker, now: number, tellsSeverity: boolean) {
    this.#context = { worker, now, session: { experimental: false } };
    this.#tellsSeverity = tellsSeverity;
  }

  /** @throws TypeError for a command that could not be sent */
  ask(command: RuntimeCommand): RuntimeReply {
    encodeCommand(command);
    const line = typeof command === 'string' ? command : command.line;
    return judgeReply(line, this.raw(command));
  }

  /** Everything up to the prompt. */
  raw(command: RuntimeCommand): string {
    const [line, payload] = typeof command === 'string' ? [command] : [command.line, command.payload];
    const { severity, text } = this.#answer(words(line), payload);
    const ended = text.endsWith('\n') ? text : `${text}\n`;
    return severity === undefined || !this.#tellsSeverity ? `${ended}\n` : `[${severity}]: ${ended}\n`;
  }

  #answer(all: readonly string[], payload: string | undefined): Answer {
    const { worker } = this.#context;
    for (let count = Math.min(3, all.length); count > 0; count--) {
      const known = commands[all.slice(0, count).join(' ')];
      if (known === undefined || (known.from !== undefined && !since(worker, ...known.from))) continue;
      return known.run(all.slice(count), this.#context, payload);
    }
    return unknown(worker, all[0] ?? '');
  }
}

/** [haproxy] the rest of the reply lists what has a similar name. */
function unknown(worker: FakeWorker, word: string): Answer {
  const which = since(worker, 3, 0) ? `: '${word}'` : '';
  return {
    severity: 6,
    text: `Unknown command${which}, but maybe one of the following ones is a better match:\n  help [<command>]                        : list matching or all commands\n`,
  };
}

/** Words are parted by blanks; a backslash takes a blank, or another one, into the word. Quotes mean nothing. */
function words(line: string): string[] {
  if (!line.includes('\\')) return line.split(/[ \t]+/).filter((word) => word !== '');
  return [...line.matchAll(/(?:\\.|[^ \t\\])+/g)].map(([word]) => word.replace(/\\(.)/g, '$1'));
}
