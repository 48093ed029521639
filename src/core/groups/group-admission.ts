/**
 * Decides which of the apps that name a deployment group are in it. A group belongs to the app that had it first:
 * another app could get its requests, or serve its tasks under other hosts.
 */
import { inGroupOrder, type Owners } from '../services/claims.ts';
import type { AppDefinition } from '../services/definition.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId } from '../model/ids.ts';
import type { App } from '../model/model.ts';
import { namesGroup, separatesTenants, sharesTenant, type Policy } from '../policy/policy.ts';
import { violations } from '../policy/policy-violations.ts';

/** An app that names the group. */
export interface Applicant {
  readonly app: App;
  readonly definition: AppDefinition;
}

/** Who is in the group, and why others are not. */
export interface Admission<T extends Applicant> {
  /** The app that had the group first comes first. */
  readonly admitted: readonly T[];
  readonly refused: ReadonlyMap<AppId, Diagnostic>;
}

/** @param namesake the app whose id is the group's name, if it is not in the group itself */
export function admit<T extends Applicant>(
  group: AppId,
  applicants: readonly T[],
  namesake: Applicant | undefined,
  policy: Policy,
  owners: Owners,
): Admission<T> {
  const order = inGroupOrder(group, owners);
  const inOrder = [...applicants].sort((a, b) => order(a.app, b.app));
  const admitted: T[] = [];
  const refused = new Map<AppId, Diagnostic>();
  for (const applicant of inOrder) {
    const others = namesake === undefined ? admitted : [namesake, ...admitted];
    const objection = others
      .map((member) => objectionTo(group, applicant, member, policy))
      .find((it) => it !== undefined);
    if (objection === undefined) admitted.push(applicant);
    else refused.set(applicant.app.id, objection);
  }
  return { admitted, refused };
}

const folderOf = (id: AppId): string => id.slice(0, id.lastIndexOf('/'));

function objectionTo(
  group: AppId,
  joiner: Applicant,
  member: Applicant,
  policy: Policy,
): Diagnostic | undefined {
  if (!separatesTenants(policy)) return undefined;
  const [own, other] = [joiner.app.id, member.app.id];
  const refusal = (why: string, remedy: string): Diagnostic => ({
    code: 'GROUP_CLOSED',
    severity: 'error',
    appId: own,
    label: 'HAPROXY_DEPLOYMENT_GROUP',
    value: group,
    reason: `the deployment group ${group} belongs to ${other}, ${why}, so the app serves on its own`,
    remedy,
  });
  const named = namesGroup(policy, own, group) && namesGroup(policy, other, group);
  if (!named && !sharesTenant(policy, own, other))
    return refusal(
      folderOf(own) === folderOf(other)
        ? 'which the policy tells apart from this app'
        : 'which is in another folder',
      `choose a group of your own, or ask the operator to allow it with "groups: [${group}]" in the policy`,
    );
  const forbidden =
    forbiddenTo(own, member.definition, policy) ?? forbiddenTo(other, joiner.definition, policy);
  if (forbidden === undefined) return undefined;
  return refusal(
    `and the policy does not allow both apps ${forbidden.value ?? 'what the other claims'}`,
    'choose a group of your own, or ask the operator to allow both apps what either claims',
  );
}

/** What another app's services claim and the policy does not allow this app. */
const forbiddenTo = (appId: AppId, { ports }: AppDefinition, policy: Policy): Diagnostic | undefined =>
  ports
    .flatMap((port) => (port.kind === 'exposed' ? violations({ ...port.definition, appId }, policy) : []))
    .at(0);
