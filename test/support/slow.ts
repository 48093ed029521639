/** How often a test repeats what it does: fewer times in `npm test` than in `npm run test:slow`. */
export const rounds = (inTest: number, inSlow: number): number =>
  process.env['PACER_SLOW'] === '1' ? inSlow : inTest;
