/** How somebody starts marathon-lb, whatever it is written in: what it is told, and what surrounds it. */

export interface Mount {
  /** On the host; the name of a volume where it has no slash. */
  readonly source: string;
  /** In the container. */
  readonly target: string;
}

export interface Invocation {
  /** Mode and flags of marathon-lb. */
  readonly words: string[];
  readonly environment: Map<string, string>;
  /** Variables whose values are elsewhere: the shell's, a secret's. */
  readonly passed: string[];
  readonly environmentFiles: string[];
  readonly mounts: Mount[];
  /** What is to be done by hand, one sentence each. */
  readonly problems: string[];
  /** What stays with whatever starts it, since it means the same for Pacer. */
  readonly kept: string[];
  /** True where an image is started, which has words of its own where it is given none. */
  isContainer: boolean;
}

export const noInvocation = (): Invocation => ({
  ...{ words: [], environment: new Map(), passed: [], environmentFiles: [], mounts: [] },
  ...{ problems: [], kept: [], isContainer: false },
});

/** Values that are filled in where it is started: variables of a shell, output of commands, specifiers of systemd. */
export class Unknowns {
  readonly #labels: string[] = [];

  /** Stands for the value until everything is read. One word for every parser. */
  mark(label: string): string {
    this.#labels.push(label);
    return `\uE000${this.#labels.length - 1}\uE001`;
  }

  in(text: string): string[] {
    return [...text.matchAll(marks)].map(([, index]) => this.#labels[Number(index)] ?? '');
  }

  reveal(text: string): string {
    return text.replace(marks, (_, index: string) => this.#labels[Number(index)] ?? '');
  }
}

const marks = /\uE000(\d+)\uE001/g;

/** As it is to be read, and with a problem for each value that is not known and matters. */
export function revealed(invocation: Invocation, unknowns: Unknowns): Invocation {
  const { words, environment, environmentFiles, mounts, problems, kept, passed, isContainer } = invocation;
  const show = (texts: readonly string[]) => texts.map((text) => unknowns.reveal(text));
  const matters = [
    ...[...words, ...environment.values(), ...environmentFiles],
    ...mounts.flatMap(({ source, target }) => [source, target]),
  ];
  const open = new Set(matters.flatMap((text) => unknowns.in(text)));
  return {
    words: show(words),
    environment: new Map([...environment].map(([name, value]) => [name, unknowns.reveal(value)])),
    passed,
    environmentFiles: show(environmentFiles),
    mounts: mounts.map(({ source, target }) => ({
      source: unknowns.reveal(source),
      target: unknowns.reveal(target),
    })),
    problems: [
      ...show(problems),
      ...[...open].map((label) => `\`${label}\` is filled in where it is started; write its value instead`),
    ],
    kept: show(kept),
    isContainer,
  };
}
