/** A service that cannot be put into lines: what its labels let through and no word of a configuration can hold. */
import type { ServiceDefinition } from '../core/model/service.ts';

export class UnwritableService extends Error {
  override readonly name = 'UnwritableService';
  readonly definition: ServiceDefinition;

  constructor(definition: ServiceDefinition, cause: unknown) {
    super(`${definition.appId} port ${definition.portIndex} cannot be written`, { cause });
    this.definition = definition;
  }
}
