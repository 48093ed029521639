/** Steps to undo at the end, performed in reverse order. A step that fails does not prevent the others. */
export interface Teardown {
  readonly add: (step: () => unknown) => void;
  /** @returns whether every step succeeded */
  readonly run: () => Promise<boolean>;
}

/** @param onFailure receives the error of each step that fails */
export function teardown(onFailure: (error: unknown) => void): Teardown {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => steps.push(step),
    run: async () => {
      let clean = true;
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          clean = false;
          onFailure(error);
        }
      }
      return clean;
    },
  };
}
