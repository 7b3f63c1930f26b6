/**
 * How much of a long test is run: all of it, or with `LONG_SHARE=4` a fourth, as `.ci/run` does. What a variable of its own asks
 * for, `FUZZ_RUNS=1000`, is run whatever the share is.
 */
const SHARE = Number(process.env.LONG_SHARE ?? 1);
if (!(SHARE >= 1)) throw new Error(`LONG_SHARE=${process.env.LONG_SHARE} is no number from 1 on`);

/** So many runs: of the variable where it is set, else the share of the usual number, and one at least. */
export const shareOf = (usual: number, variable?: string): number =>
  Number((variable && process.env[variable]) ?? Math.ceil(usual / SHARE));
