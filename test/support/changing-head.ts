/** The part of a frame that differs from one rendering to the next, for tests that are about something else. */
import type { ChangingHead } from '../../src/render/head.ts';

export const changingHead = (parts: Partial<ChangingHead> = {}): ChangingHead => ({
  certificates: [],
  certificateNames: [],
  certificateDigests: new Map(),
  maxconn: 100,
  maxpipes: 10,
  ...parts,
});
