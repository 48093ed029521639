/**
 * `npm run bench:render`: apps to configuration, without HAProxy: from nothing, and after one task or one label has
 * changed. For apps as most are, for apps with a template each, and for apps that are led to by rules of their own.
 */
import { nextDesired, nothingDesired, type Desired } from '../../src/core/desired/desired.ts';
import type { App } from '../../src/core/model/model.ts';
import { modelContext } from '../../src/daemon/start/model-context.ts';
import { fixedHead } from '../../src/daemon/publish/machine-facts.ts';
import { decodeApps } from '../../src/marathon/decode/decode.ts';
import { loadFragments } from '../../src/render/fragments.ts';
import { renderer } from '../../src/render/render.ts';
import { resolveSettings } from '../../src/settings/settings.ts';
import { describeMachine } from './machine.ts';
import { spreadOf } from './result.ts';
import { changingHead } from '../support/changing-head.ts';

const [appCount = 1000, taskCount = 20] = process.argv.slice(2).map(Number);
const timesFromNothing = 7;
const timesChanged = 60;

const kinds: Readonly<Record<string, (n: number) => Record<string, string>>> = {
  'as most are': () => ({}),
  'a template on each': () => ({
    HAPROXY_0_BACKEND_HTTP_OPTIONS: '  option forwardfor\n  http-request set-header X-Own yes\n',
  }),
  'rules for each': (n) => ({
    HAPROXY_0_HTTP_FRONTEND_ACL: `  acl own_${n} hdr(host) -i {hostname}\n  use_backend {backend} if own_${n}\n`,
  }),
};

function appsOf(labels: (n: number) => Record<string, string>): App[] {
  const apps = Array.from({ length: appCount }, (_, n) => ({
    id: `/bench/app-${String(n).padStart(5, '0')}`,
    labels: { HAPROXY_GROUP: 'external', HAPROXY_0_VHOST: `app-${n}.example`, ...labels(n) },
    networks: [{ mode: 'host' }],
    portDefinitions: [{ port: 10_000 + n }],
    healthChecks: [{ protocol: 'HTTP', path: '/health', portIndex: 0 }],
    tasks: Array.from({ length: taskCount }, (_, t) => ({
      id: `bench_app-${n}.${t}`,
      ...{ host: `10.${t}.${n >> 8}.${n & 255}`, ports: [31_000 + t], state: 'TASK_RUNNING' },
    })),
  }));
  return [...decodeApps({ apps }).apps];
}

const { settings } = resolveSettings({
  flags: { groups: ['external'], stateDir: '/var/lib/pacer' },
  environment: {},
  file: undefined,
});
const changing = changingHead({ certificates: ['/etc/ssl/cert.pem'], maxconn: 10_000, maxpipes: 500 });

function timed<T>(work: () => T): [number, T] {
  const began = performance.now();
  const result = work();
  return [performance.now() - began, result];
}

function measure(apps: readonly App[]) {
  const context = modelContext(settings, () => undefined);
  const fromNothing: number[] = [];
  let desired: Desired = nothingDesired;
  let render = renderer(loadFragments(), fixedHead(settings)).render;
  for (let i = 0; i < timesFromNothing; i++) {
    render = renderer(loadFragments(), fixedHead(settings)).render;
    const [ms, made] = timed(() => {
      const next = nextDesired(nothingDesired, { changed: apps, removed: [] }, context);
      render(next, changing);
      return next;
    });
    fromNothing.push(ms);
    desired = made;
  }
  if (desired.services.size !== appCount)
    throw new Error(`${desired.services.size} services, not ${appCount}`);
  const change = (edit: (app: App, i: number) => App): number[] =>
    Array.from({ length: timesChanged }, (_, i) => {
      const app = apps[(i * 37) % apps.length];
      if (app === undefined) return NaN;
      const [ms, made] = timed(() => {
        const next = nextDesired(desired, { changed: [edit(app, i)], removed: [] }, context);
        render(next, changing);
        return next;
      });
      desired = made;
      return ms;
    });
  const task = change((app, i) => ({ ...app, tasks: app.tasks.slice(0, taskCount - 1 - (i % 2)) }));
  const label = change((app, i) => ({
    ...app,
    labels: { ...app.labels, HAPROXY_0_BALANCE: i % 2 === 0 ? 'leastconn' : 'source' },
  }));
  return { fromNothing: spreadOf(fromNothing), task: spreadOf(task), label: spreadOf(label) };
}

const cell = ({ p50, max }: { p50: number; max: number }) =>
  `${p50.toFixed(1)} (${max.toFixed(1)})`.padStart(18);
console.log(`${appCount} apps x ${taskCount} tasks; medians (worst) in ms`);
console.log(
  `${''.padEnd(20)}${['from nothing', 'a task changed', 'a label changed'].map((it) => it.padStart(18)).join('')}`,
);
for (const [kind, labels] of Object.entries(kinds)) {
  const { fromNothing, task, label } = measure(appsOf(labels));
  console.log(`${kind.padEnd(20)}${[fromNothing, task, label].map(cell).join('')}`);
}
console.log(await describeMachine(undefined));
