/**
 * The small part of a deployment event that carries the whole root group, twice: Marathon 1.6 and older do, and
 * parsing tens of megabytes would keep every other event waiting. It must not know what the steps mean.
 * [marathon] api/v2/json/Formats.scala DeploymentPlanWrites: id, original, target, steps, version, in this order
 */

/** Undefined where the text is not written in that order; then it has to be parsed as a whole. */
export function lightPlan(data: string): string | undefined {
  // Within a string the quotes would be escaped, so these are keys. Groups have no steps.
  const steps = data.lastIndexOf('"steps":[');
  if (steps < 0) return undefined;
  const rest = data.slice(steps);
  const end = rest.indexOf('],"version":"');
  const version = /^\],"version":"([^"\\]+)"/.exec(rest.slice(end, end + 64))?.[1];
  if (end < 0 || version === undefined) return undefined;
  const own = (key: string) => new RegExp(`"${key}":"([^"\\\\]*)"`).exec(outside(data, rest))?.[1];
  return `{"eventType":${JSON.stringify(own('eventType'))},"timestamp":${JSON.stringify(own('timestamp'))},"plan":{${rest.slice(0, end)}],"version":"${version}"}}`;
}

/** What stands before the plan and after it. */
function outside(data: string, rest: string): string {
  return data.slice(0, Math.max(0, data.indexOf('"plan":'))) + rest;
}
