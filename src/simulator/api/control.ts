/** /_simulator/: the switches of the simulator over HTTP, to be used by hand. No Marathon has these. */
import { ApiError } from '../api-error.ts';
import type { AnswerFault, FaultScope } from '../faults/faults.ts';
import { numberOf, objectOf, stringOf, type Json } from '../definitions/json.ts';
import type { ApiContext } from './context.ts';
import { ok, type Answer, type Exchange } from './exchange.ts';

type Switch = (context: ApiContext, body: Json) => void | Promise<void>;

const task = (body: Json): string => stringOf(body['task']);
const times = (body: Json, fallback = 1): number => numberOf(body['times'], fallback);

const typeOf = (body: Json): string | undefined =>
  typeof body['type'] === 'string' ? body['type'] : undefined;

const switches: Readonly<Record<string, Switch>> = {
  healthy: ({ control }, body) => control.setHealthy(task(body), body['healthy'] !== false),
  unhealthy: ({ control }, body) => control.setHealthy(task(body), false),
  ready: ({ control }, body) => control.setReady(task(body)),
  'fail-task': ({ control }, body) => control.failTask(task(body)),
  'lose-agent': ({ control }, body) =>
    control.loseAgent(stringOf(body['host']), { serving: body['serving'] === true }),
  'replace-agent': ({ control }, body) => control.replaceAgent(stringOf(body['host'])),
  'recover-agent': ({ control }, body) => control.recoverAgent(stringOf(body['host'])),
  failover: ({ control }, body) => control.failover({ loseHealth: body['loseHealth'] !== false }),
  'faults/answers': ({ faults }, body) => faults.answers(faultOf(body), scopeOf(body)),
  'faults/stall-streams': ({ faults }) => faults.stallStreams(),
  'faults/resume-streams': ({ faults }) => faults.resumeStreams(),
  'faults/half-open-streams': ({ faults }) => faults.halfOpenStreams(),
  'faults/cut-streams': ({ faults }, body) => faults.cutStreams({ midFrame: body['midFrame'] === true }),
  'faults/close-new-streams': ({ faults }, body) => faults.closeNewStreams(times(body)),
  'faults/redirect-streams': ({ faults }, body) =>
    faults.redirectStreams(typeof body['to'] === 'string' ? body['to'] : undefined),
  'faults/drop-events': ({ faults }, body) => faults.dropEvents(times(body), typeOf(body)),
  'faults/duplicate-events': ({ faults }, body) => faults.duplicateEvents(times(body), typeOf(body)),
  'faults/reorder-events': ({ faults }, body) => faults.reorderEvents(times(body), typeOf(body)),
  'faults/garbage-frame': ({ faults }) => faults.garbageFrame(),
  'faults/big-event': ({ faults }, body) => faults.bigEvent(numberOf(body['bytes'], 1 << 20)),
  'faults/endless-event': ({ faults }) => faults.endlessEvent(),
  'faults/big-plan': ({ faults }, body) => faults.bigPlan(numberOf(body['bytes'], 1 << 20)),
  'faults/clear': ({ faults }) => faults.clear(),
};

export async function routeControl(
  context: ApiContext,
  exchange: Exchange,
  rest: readonly string[],
): Promise<Answer> {
  const name = rest.join('/');
  if (exchange.method === 'GET' && name === 'state') return ok({ tasks: context.control.state() });
  const run = switches[name];
  if (exchange.method !== 'POST' || !run) {
    throw new ApiError(404, {
      message: `No such switch. There are GET /_simulator/state and POST of: ${Object.keys(switches).join(', ')}`,
    });
  }
  const given = exchange.request.headers['content-length'] ?? '0';
  const body = given === '0' && !exchange.request.headers['transfer-encoding'] ? {} : await exchange.json();
  try {
    await run(context, objectOf(body));
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError(400, { message: (error as Error).message });
  }
  return ok({ done: name });
}

function faultOf(body: Json): AnswerFault {
  const kind = stringOf(body['kind'], 'status');
  switch (kind) {
    case 'status':
      return { kind, status: numberOf(body['status'], 503) };
    case 'slow':
      return { kind, ms: numberOf(body['ms'], 1000) };
    case 'unauthorized':
    case 'hang':
    case 'reset':
    case 'truncated':
    case 'garbage':
    case 'empty-apps':
    case 'corrupt-gzip':
      return { kind };
    default:
      throw new ApiError(400, { message: `There is no fault of the kind ${kind}` });
  }
}

function scopeOf(body: Json): FaultScope {
  return {
    ...(typeof body['times'] === 'number' ? { times: body['times'] } : {}),
    ...(typeof body['path'] === 'string' ? { path: body['path'] } : {}),
  };
}
