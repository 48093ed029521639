/** What the handlers of the API work on. */
import type { Deployments } from '../deploy/deployments.ts';
import type { Faults } from '../faults/faults.ts';
import type { Groups } from '../definitions/groups.ts';
import type { Life } from '../cluster/life.ts';
import type { View } from '../definitions/view.ts';
import type { World } from '../cluster/world.ts';

export interface ApiContext {
  readonly world: World;
  readonly life: Life;
  readonly deployments: Deployments;
  readonly groups: Groups;
  readonly view: View;
  readonly faults: Faults;
  /** `host:port` of this node. */
  readonly leader: () => string;
  readonly abdicate: () => void;
  readonly control: Control;
}

/** What the switches under /_simulator/ can do. */
export interface Control {
  setHealthy(taskId: string, healthy: boolean): void;
  /** The task's readiness checks pass. */
  setReady(taskId: string): void;
  failTask(taskId: string): void;
  loseAgent(host: string, options?: { serving?: boolean }): void;
  /** The machine of a lost agent is back as another one, with all its ports free; the tasks of the lost one stay listed. */
  replaceAgent(host: string): void;
  recoverAgent(host: string): Promise<void>;
  failover(options?: { loseHealth?: boolean }): void;
  state(): readonly object[];
}
