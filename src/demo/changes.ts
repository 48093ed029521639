/**
 * The changes that the demo makes to its apps, one after the other. Each one leaves the apps ready for the next round.
 */
import type { Simulator } from '../simulator/simulator.ts';

/** One change. */
export interface DemoChange {
  /** What happens, as the beginning of a line of the demo. */
  readonly text: string;
  /** Resolves when Marathon has finished the change. */
  readonly run: (simulator: Simulator) => Promise<void>;
  /** The app whose servers show whether HAProxy has followed. */
  readonly app: string;
}

/** @param cart the definition of the app that one change deploys */
export function demoChanges(cart: object): DemoChange[] {
  return [
    {
      text: 'scale /shop/web from 2 to 4',
      app: '/shop/web',
      run: (marathon) => marathon.scale('/shop/web', 4),
    },
    { text: 'kill a task of /shop/api', app: '/shop/api', run: (marathon) => kill(marathon, '/shop/api', 3) },
    {
      text: 'redeploy /account/session',
      app: '/account/session',
      run: (marathon) => marathon.restart('/account/session'),
    },
    { text: 'deploy a new app, /shop/cart', app: '/shop/cart', run: (marathon) => marathon.deploy(cart) },
    { text: 'a task of /shop/web turns unhealthy and recovers', app: '/shop/web', run: unhealthy },
    {
      text: 'redeploy /infra/echo (TCP)',
      app: '/infra/echo',
      run: (marathon) => marathon.restart('/infra/echo'),
    },
    {
      text: 'scale /shop/web from 4 to 2',
      app: '/shop/web',
      run: (marathon) => marathon.scale('/shop/web', 2),
    },
    { text: 'delete /shop/cart', app: '/shop/cart', run: (marathon) => marathon.remove('/shop/cart') },
  ];
}

async function kill(marathon: Simulator, app: string, instances: number): Promise<void> {
  const task = marathon.tasks(app).find(({ state }) => state === 'TASK_RUNNING');
  if (task === undefined) return;
  await marathon.kill(task.id);
  await marathon.running(app, instances);
}

async function unhealthy(marathon: Simulator): Promise<void> {
  const task = marathon.tasks('/shop/web').find(({ healthy }) => healthy === true);
  if (task === undefined) return;
  marathon.setHealthy(task.id, false);
  await until(() => marathon.tasks('/shop/web').find(({ id }) => id === task.id)?.healthy === false);
  marathon.setHealthy(task.id, true);
  await until(() => marathon.tasks('/shop/web').find(({ id }) => id === task.id)?.healthy !== false);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
