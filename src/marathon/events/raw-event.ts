/**
 * The shapes of the followed events as far as Pacer reads them, for both generations of names and ids. It must
 * not know what they mean.
 * [marathon] api/v2/json/Formats.scala EventFormats
 */
import { z } from 'zod';
import { asAppId } from '../../core/model/ids.ts';
import { rawIpAddresses } from '../decode/raw.ts';

const text = z.string();
const optional = text.nullish();
const appId = text.min(1).transform(asAppId);

/** [marathon] an OffsetDateTime may carry more than the three decimals of the others: instants, cut to ms. */
const instant = text.transform((value, context) => {
  const ms = Date.parse(value);
  if (!Number.isNaN(ms)) return ms;
  context.addIssue({ code: 'custom', message: `"${value}" is no time` });
  return z.NEVER;
});

const actions = z.object({ actions: z.array(z.object({ app: optional, pod: optional })) });
const plan = z.object({ version: instant, steps: z.array(actions) });
export const instanceIds = z.object({ instanceId: optional, taskId: optional });

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
