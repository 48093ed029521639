/** The state of this Marathon: the root group (what GET shows), earlier versions, and the instances. */
import type { Instance, TaskRecord } from './instance.ts';
import type { Json } from '../definitions/json.ts';
import { ServicePorts } from '../definitions/service-ports.ts';
import type { RunSpec } from '../definitions/spec.ts';

export class Registry {
  readonly specs = new Map<string, RunSpec>();
  /** Groups that were created by themselves; all others follow from the ids of apps. */
  readonly groups = new Set<string>(['/']);
  /** By app, as `lastTaskFailure` shows it. */
  readonly lastFailures = new Map<string, Json>();
  readonly servicePorts = new ServicePorts();
  readonly #instances = new Map<string, Map<string, Instance>>();
  readonly #versions = new Map<string, RunSpec[]>();
  readonly #revisions = new Map<string, number>();
  rootVersion = new Date(0).toISOString();

  set(spec: RunSpec): void {
    const before = this.specs.get(spec.id);
    if (before) this.servicePorts.release(before.definition);
    this.servicePorts.hold(spec.definition);
    this.specs.set(spec.id, spec);
    const versions = this.#versions.get(spec.id) ?? [];
    versions.push(spec);
    this.#versions.set(spec.id, versions);
    this.touch(spec.id);
  }

  delete(id: string): void {
    const before = this.specs.get(id);
    if (before) this.servicePorts.release(before.definition);
    this.specs.delete(id);
    this.#versions.delete(id);
    this.touch(id);
  }

  versions(id: string): readonly RunSpec[] {
    return this.#versions.get(id) ?? [];
  }

  addInstance(instance: Instance): void {
    const id = instance.spec.id;
    const instances = this.#instances.get(id) ?? new Map<string, Instance>();
    instances.set(instance.id, instance);
    this.#instances.set(id, instances);
    this.touch(id);
  }

  removeInstance(instance: Instance): void {
    const id = instance.spec.id;
    const instances = this.#instances.get(id);
    instances?.delete(instance.id);
    if (instances?.size === 0) this.#instances.delete(id);
    this.touch(id);
  }

  holds(instance: Instance): boolean {
    return this.#instances.get(instance.spec.id)?.has(instance.id) ?? false;
  }

  /** Oldest first. */
  instancesOf(id: string): readonly Instance[] {
    return [...(this.#instances.get(id)?.values() ?? [])];
  }

  *allInstances(): Iterable<Instance> {
    for (const instances of this.#instances.values()) yield* instances.values();
  }

  findTask(taskId: string): { instance: Instance; task: TaskRecord } | undefined {
    for (const instance of this.allInstances()) {
      const task = instance.tasks.find(({ id }) => id === taskId);
      if (task) return { instance, task };
    }
    return undefined;
  }

  /** Tells caches of answers that something of this app has changed. */
  touch(id: string): void {
    this.#revisions.set(id, this.revision(id) + 1);
  }

  revision(id: string): number {
    return this.#revisions.get(id) ?? 0;
  }
}
