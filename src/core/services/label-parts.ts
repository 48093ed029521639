/** Parts of a service's definition that are made of the values of a few labels. */
import { balance, looksIntoRequests } from '../labels/balance.ts';
import type { PortLabelValues } from '../labels/table.ts';
import type { PathMatch, Rewrite, ServerCheck } from '../model/service.ts';

export const rewriteOf = (values: PortLabelValues): Rewrite => ({
  stripPath: values.HTTP_BACKEND_PROXYPASS_PATH,
  locationPath: values.HTTP_BACKEND_REVPROXY_PATH,
  rootRedirect: values.HTTP_BACKEND_REDIR,
});

/** What `check` alone means to HAProxy. [haproxy] configuration.txt 5.2 "inter", "fall" */
export const stickyCheck: ServerCheck = {
  ...{ kind: 'connect', path: '/', interval: 2, timeout: 2, fall: 3, port: undefined, portIndex: undefined },
};

export const noRewrite: Rewrite = { stripPath: undefined, locationPath: undefined, rootRedirect: undefined };

export const balanceOf = ({ BALANCE: asked }: PortLabelValues, mode: 'http' | 'tcp') =>
  asked === undefined || (mode === 'tcp' && looksIntoRequests(asked)) ? defaultBalance : asked;

const defaultBalance = balanceOrThrow('roundrobin');

function balanceOrThrow(text: string) {
  const result = balance(text);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

export function pathOf(values: PortLabelValues): PathMatch | undefined {
  return values.PATH === undefined ? undefined : { type: values.PATH_TYPE ?? 'begin', ...values.PATH };
}

/** A user list, an ACL and slots are in no defaults section, and a listener is none of a backend. */
export function canBeShaped(values: PortLabelValues, mode: 'http' | 'tcp', hasSlots: boolean): boolean {
  const { AUTH, BACKEND_NETWORK_ALLOWED_ACL: networks } = values;
  return mode === 'http' && AUTH === undefined && networks === undefined && !hasSlots;
}
