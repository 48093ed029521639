/** From the options of a simulator to its world. */
import { Agents, networkNumber } from './cluster/agents.ts';
import { Bus } from './faults/bus.ts';
import { VersionClock } from './cluster/clock.ts';
import { Registry } from './cluster/registry.ts';
import { SharedListeners } from './samples/shared.ts';
import { defaultTimings, versionTraits, type SimulatorOptions } from './settings.ts';
import { Timers } from './cluster/timers.ts';
import { Uuids } from './definitions/uuids.ts';
import type { World } from './cluster/world.ts';

const mesosPorts = { from: 31_000, to: 32_000 };

/** `apiPort` tells simulators on one machine apart: each gets a network of loopback addresses of its own. */
export async function createWorld(options: SimulatorOptions, apiPort: number): Promise<World> {
  const taskKind = options.tasks ?? 'dedicated';
  const shared = taskKind === 'shared' ? new SharedListeners() : undefined;
  const ports = shared ? await shared.open() : portsOf(options.hostPorts ?? mesosPorts);
  const network = options.agentNetwork === undefined ? apiPort : networkNumber(options.agentNetwork);
  return {
    timings: { ...defaultTimings, ...options.timings },
    definitionDelayMs: options.definitionDelayMs ?? 20,
    taskKilling: options.taskKilling ?? false,
    taskKind,
    checks: options.checks ?? (taskKind === 'dedicated' ? 'real' : 'switch'),
    maxDeployments: options.maxDeployments ?? 100,
    traits: versionTraits[options.version ?? '1.11'],
    clock: new VersionClock(),
    uuids: new Uuids(options.seed),
    timers: new Timers(),
    bus: new Bus(),
    agents: new Agents({ network, count: options.agents ?? 5, ports }),
    registry: new Registry(),
    shared,
  };
}

function portsOf(wanted: NonNullable<SimulatorOptions['hostPorts']>): readonly number[] {
  if (!('from' in wanted)) return wanted;
  return Array.from({ length: wanted.to - wanted.from + 1 }, (_, i) => wanted.from + i);
}
