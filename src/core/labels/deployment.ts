/** Parsers of the labels that a blue/green deploy tool sets. */
import { asAppId, type AppId } from '../model/ids.ts';
import { parsed, rejected, shown, type Parser } from './parsed.ts';

/** The name of a group, with or without the slash before it: the id its service goes by. */
export const groupName: Parser<AppId> = (text) => {
  const name = text.trim().replace(/^\/|\/$/g, '');
  return /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/.test(name) && name.length <= 200
    ? parsed(asAppId(name))
    : rejected(
        `${shown(text)} is not the name of a deployment group`,
        'write a name like an app id: letters, digits, dots and hyphens, with slashes between',
      );
};

const isoTime =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/;

/** An ISO 8601 time as milliseconds since 1970. Without a zone it is taken as UTC, the same on every node. */
export const timestamp: Parser<number> = (text) => {
  const value = text.trim();
  const match = isoTime.exec(value);
  const hasZone = match?.groups?.['zone'] !== undefined || !/[T ]/.test(value);
  const time = match === null ? NaN : Date.parse(`${value.replace(' ', 'T')}${hasZone ? '' : 'Z'}`);
  return Number.isNaN(time)
    ? rejected(`${shown(text)} is not a time`, 'write it like 2026-01-01T10:00:00Z')
    : parsed(time);
};
