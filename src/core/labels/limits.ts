/** Every limit of a label's value, with its reason, for the documentation. */
import { mostNamed } from './list.ts';
import { longestValue, mostWarnings } from './read.ts';
import { longestHost, longestPath } from './routing.ts';

interface LabelLimit {
  readonly what: string;
  readonly limit: string;
  readonly reason: string;
  readonly beyond: string;
}

const rejected = 'the service is rejected, or kept';

export const labelLimits: readonly LabelLimit[] = [
  {
    what: 'a value that is no list and no template',
    limit: `${longestValue} characters`,
    reason: 'no name, path, address or hash is longer, and HAProxy would read it as one line',
    beyond: rejected,
  },
  {
    what: 'a host in `VHOST`',
    limit: `${longestHost} characters, 63 between two dots`,
    reason: 'DNS has no longer names',
    beyond: 'left out',
  },
  {
    what: 'a path in `PATH`',
    limit: `${longestPath} characters`,
    reason: 'a command of the runtime socket holds it with the rest of its line',
    beyond: 'left out',
  },
  {
    what: 'realm and user of `AUTH`',
    limit: '64 characters each',
    reason: 'browsers show them in one line',
    beyond: rejected,
  },
  {
    what: 'the hash of `AUTH`',
    limit: '255 characters',
    reason: 'crypt(3) makes none longer',
    beyond: rejected,
  },
  {
    what: '`DEPLOYMENT_GROUP`',
    limit: '200 characters',
    reason: 'it becomes the name of a backend',
    beyond: rejected,
  },
  {
    what: 'words of a `bind` line, or of any line of a template',
    limit: '64',
    reason: 'HAProxy cuts off the rest',
    beyond: rejected,
  },
  {
    what: 'an argument in `BIND_OPTIONS`',
    limit: '1,000 characters in lists such as `ciphers`, 64 in names, 9 digits',
    reason: 'HAProxy has none longer',
    beyond: rejected,
  },
  {
    what: 'the index `{n}`',
    limit: '4 digits',
    reason: 'an app has at most 1,000 ports',
    beyond: 'the label is not known',
  },
  {
    what: 'odd items of a list that are named, warnings of an app',
    limit: `${mostNamed} and ${mostWarnings}`,
    reason: 'a few tell what is wrong with thousands',
    beyond: 'the last one says how many there are',
  },
];
