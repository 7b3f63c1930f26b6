/**
 * Which tokens the rows of an output read, in the block and in single-token calls: at a glance what a refutation is of. Found by running:
 * the rows that the host feeds of one token are replaced by others, and whatever then differs has read that token.
 */

import { outputRows } from "../../../dsl/host/output-rows.ts";
import { roundTo } from "../../../dsl/number.ts";
import { type NDArray, rowOf } from "../../interpret/array.ts";
import type { ProvenPair } from "../program/pair.ts";
import { isLarge } from "./cost.ts";
import { fedRows, keyOfInput, nameOf, type Sample } from "./feeds.ts";
import { type BothRuns, bothRunner, runWhereDefined, uniform } from "./sample.ts";
import type { Counterexample } from "./shrink.ts";

/** Of an output. */
export interface TokensRead {
  readonly output: string;
  readonly rows: readonly RowRead[];
}

/** The tokens that were seen to change the row of a token. */
export interface RowRead {
  readonly token: number;
  readonly block: readonly number[];
  readonly steps: readonly number[];
}

const SEED = 7;

/** The sample with other numbers in the rows of one token; a seed of its own for each. */
export function withOtherRows(sample: Sample, { block, roles }: ProvenPair, token: number): Sample {
  const arrays = new Map(sample.arrays);
  const next = uniform(SEED + 100 + token);
  for (const { value, role } of fedRows(block, roles)) {
    if (role.kind !== "rows") continue;
    const { shape, dtype } = value.type;
    const inner = shape.slice(role.tokenAxis + 1).reduce((a, b) => a * b, 1);
    const data = Float64Array.from(arrays.get(keyOfInput(nameOf(value)))!);
    for (let k = 0; k < data.length; k++)
      if (Math.floor(k / inner) % shape[role.tokenAxis]! === token) data[k] = roundTo(dtype, 2 * next());
    arrays.set(keyOfInput(nameOf(value)), data);
  }
  return { ...sample, arrays };
}

/**
 * Of the output that differs, or where a state does, of the first output whose rows do not read the same tokens in both. Undefined where there is none or one
 * token, and where it would take long or cannot be run.
 */
export function tokensRead({ pair, found, mismatch, weights }: Counterexample): TokensRead | undefined {
  const { name, token } = mismatch;
  if (pair.tokens === 1 || weights === "own" || isLarge(pair, pair.tokens)) return undefined;
  const both = bothRunner(pair, "fp64");
  const run = (sample: Sample) => runWhereDefined(() => both(sample));
  const first = run(found);
  const others = Array.from({ length: pair.tokens }, (_, t) => run(withOtherRows(found, pair, t)));
  if (!first || others.includes(undefined)) return undefined;
  const all = { first, others: others as readonly BothRuns[] };
  if (token !== undefined) return readIn(pair, name, all);
  return Object.keys(pair.block.outputs)
    .map((output) => readIn(pair, output, all))
    .find(({ rows }) => rows.some(({ block, steps }) => block.join() !== steps.join()));
}

/** What was run: the sample, and the same with the rows of each token replaced. */
interface Runs {
  readonly first: BothRuns;
  readonly others: readonly BothRuns[];
}

function readIn(pair: ProvenPair, output: string, { first, others }: Runs): TokensRead {
  const { axis, tokens } = outputRows(pair, output);
  const changing = (row: (runs: BothRuns) => Float64Array) => {
    const before = row(first);
    return others.flatMap((runs, t) => (isSame(before, row(runs)) ? [] : [t]));
  };
  const rows = tokens.map((at) => ({
    token: at,
    block: changing(({ block }) => rowOf(block.outputs[output]!, axis, at)),
    steps: changing(({ steps }) => Float64Array.from((steps[at]!.outputs[output] as NDArray).data)),
  }));
  return { output, rows };
}

const isSame = (a: Float64Array, b: Float64Array): boolean => a.every((x, k) => isSameNumber(x, b[k]!));

/** The sign of zero aside, as in all that is said of bits. */
export const isSameNumber = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));
