/** The rendering of a state that is rendered again and again while nothing changes, made once. */
import type { Desired } from '../core/desired.ts';
import { sameValue } from '../core/same.ts';
import type { ChangingFrame } from '../render/head.ts';
import type { Renderer, Rendering } from '../render/render.ts';

export function rememberLast(
  render: Renderer['render'],
): (desired: Desired, frame: ChangingFrame) => Rendering {
  let last: { desired: Desired; frame: unknown; rendering: Rendering } | undefined;
  return (desired, changing) => {
    const frame = { ...changing, certificateDigests: [...changing.certificateDigests] };
    if (last?.desired !== desired || !sameValue(last.frame, frame)) {
      last = { desired, frame, rendering: render(desired, changing) };
    }
    return last.rendering;
  };
}
