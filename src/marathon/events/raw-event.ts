/**
 * The schemas of the followed events, as far as Pacer reads them, for both generations of names and ids.
 * [marathon] api/v2/json/Formats.scala EventFormats
 */
import { z } from 'zod';
import { asAppId } from '../../core/model/ids.ts';
import { rawIpAddresses } from '../decode/raw.ts';

const text = z.string();
const optional = text.nullish();
const appId = text.min(1).transform(asAppId);

/** [marathon] an OffsetDateTime may have more than the three decimals of other times. Parsed to milliseconds. */
const instant = text.transform((value, context) => {
  const ms = Date.parse(value);
  if (!Number.isNaN(ms)) return ms;
  context.addIssue({ code: 'custom', message: `"${value}" is not a time` });
  return z.NEVER;
});

const actions = z.object({ actions: z.array(z.object({ app: optional, pod: optional })) });
const plan = z.object({ version: instant, steps: z.array(actions) });
/** The ids of an instance and its task, as far as an event has them. */
export const instanceIds = z.object({ instanceId: optional, taskId: optional });

/** One schema per kind of event. */
export const eventShapes = {
  status: z.object({
    appId,
    taskId: text.min(1),
    taskStatus: text,
    host: optional,
    ports: z.array(z.number()).nullish(),
    ipAddresses: rawIpAddresses,
    version: optional,
  }),
  instance: z.object({ runSpecId: appId, condition: text, ...instanceIds.shape }),
  health: z.object({
    appId: appId.nullish(),
    runSpecId: appId.nullish(),
    alive: z.boolean().nullish(),
    healthy: z.boolean().nullish(),
    ...instanceIds.shape,
  }),
  kill: z.object({ appId, ...instanceIds.shape }),
  terminated: z.object({ runSpecId: appId, ...instanceIds.shape }),
  app: z.object({ appId }),
  group: z.object({ groupId: text, version: instant }),
  apiPost: z.object({ appDefinition: z.object({ id: appId }) }),
  podChange: z.object({ uri: text }),
  deployment: z.object({ plan }),
};
