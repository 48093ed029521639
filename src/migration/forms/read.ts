/** What somebody starts marathon-lb with, told by its looks: words, an app, a compose file, a unit. */
import { parseDocument } from 'yaml';
import { messageOf, PacerError } from '../../errors.ts';
import { readCommand, readText } from './command.ts';
import { readCompose, servicesOf } from './compose.ts';
import { noInvocation, revealed, Unknowns, type Invocation } from './invocation.ts';
import { appsOf, readApps } from './marathon-app.ts';
import { isUnit, readUnit } from './unit.ts';

/** What the image does where it is told nothing. [marathon-lb] Dockerfile, CMD */
const imageDefault = ['sse', '--health-check', '--group', 'external'];

/**
 * @param wanted the service of a compose file, or the app, where there are several
 * @throws PacerError FILE_MALFORMED
 */
export function readInvocation(text: string, wanted?: string): Invocation {
  const invocation = noInvocation();
  const unknowns = new Unknowns();
  readForm(text.trim(), wanted, invocation, unknowns);
  if (invocation.isContainer && invocation.words.length === 0 && invocation.problems.length === 0)
    invocation.words.push(...imageDefault);
  return revealed(invocation, unknowns);
}

function readForm(text: string, wanted: string | undefined, into: Invocation, unknowns: Unknowns): void {
  if (isUnit(text)) {
    readUnit(text, into, unknowns);
    return;
  }
  if (/^[[{]/.test(text)) {
    const json = parsedJson(text);
    if (Array.isArray(json) && json.every((it) => typeof it === 'string')) {
      readCommand(json, into, unknowns);
      return;
    }
    const apps = appsOf(json);
    if (apps.length > 0) {
      readApps(apps, wanted, into, unknowns);
      return;
    }
  }
  const services = /^[^\s#][^\n]*:/m.test(text) ? servicesOf(parsedYaml(text)) : undefined;
  if (services !== undefined) {
    readCompose(services, wanted, into, unknowns);
    return;
  }
  if (text.startsWith('{'))
    throw new PacerError(
      'FILE_MALFORMED',
      'this is JSON, but neither an app of Marathon nor a list of arguments',
      'give the definition of the app that runs marathon-lb, or its args',
    );
  readText(text, into, unknowns);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // An object is meant to be one; `[` may begin a word.
    if (text.startsWith('[')) return undefined;
    throw new PacerError(
      'FILE_MALFORMED',
      `this looks like an app of Marathon and is not JSON: ${messageOf(error)}`,
      'give the definition as Marathon has it: `dcos marathon app show marathon-lb`, or GET /v2/apps/marathon-lb',
    );
  }
}

function parsedYaml(text: string): unknown {
  const document = parseDocument(text, { merge: true });
  return document.errors.length > 0 ? undefined : (document.toJS() as unknown);
}
