/** What is wrong with a definition, by its path, as Marathon's answers tell it. */
import { ApiError, invalidObject } from '../api-error.ts';

export class Report {
  readonly #errors = new Map<string, string[]>();

  fail(path: string, error: string): void {
    this.#errors.set(path, [...(this.#errors.get(path) ?? []), error]);
  }

  /** @param holds where this is false, the error is reported */
  expect(holds: boolean, path: string, error: string): void {
    if (!holds) this.fail(path, error);
  }

  /** What was read is no definition: a value of the wrong type, or out of its range. */
  throwIfMalformed(): void {
    if (this.#errors.size > 0) throw new ApiError(422, { message: 'Invalid JSON', details: this.#details() });
  }

  throwIfInvalid(): void {
    if (this.#errors.size > 0) throw invalidObject(this.#details());
  }

  #details(): { path: string; errors: string[] }[] {
    return [...this.#errors].map(([path, errors]) => ({ path, errors }));
  }
}

/** True where no value comes twice. */
export const areUnique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
