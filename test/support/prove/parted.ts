/** Graphs that part where they are told to, with an input of ones that shows it. */
import { graph } from "../../../src/dsl/graph.ts";
import { add } from "../../../src/dsl/ops/index.ts";
import { nowhere } from "../../../src/dsl/site.ts";
import { constant, input, named, state, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { provenPair } from "../../../src/passes/prove/program/pair.ts";
import type { ExplainAt, Finding } from "../../../src/passes/prove/refute/finding.ts";
import { sampleOf } from "../../../src/passes/prove/refute/sample.ts";
import type { Counterexample } from "../../../src/passes/prove/refute/shrink.ts";

/** Any value. */
export type Value = Tensor<Shape, "fp16">;
const S = 5;
const ROWS = [3, 0, 4];

/** What a graph is made of. */
export interface Feeds {
  readonly x: Value;
  readonly mask: Value;
  readonly K: Value;
  readonly tokens: number;
}
/** The output, and what the cache holds at exit. */
export interface Results {
  readonly y: Value;
  readonly K?: Value;
}
/** A graph as a function of what it reads. */
export type Make = (f: Feeds) => Results;

/** Rows x [T, 4] of 1, a mask [T, S] and a cache [S, 4] of 1. The tokens write rows 3, 0 and 4. */
export function parted(make: Make, { rows = ROWS, slots = S } = {}): Counterexample {
  const build = (tokens: number) => {
    const [x, mask, K]: Value[] = [
      input("x", [tokens, 4]),
      input("attn_mask", [tokens, slots]),
      state("K", [slots, 4]),
    ];
    const { y, K: exit = K! } = make({ x: x!, mask: mask!, K: K!, tokens });
    return graph({ name: `g${tokens}`, inputs: [x!, mask!], states: [[K!, exit]], outputs: { y } });
  };
  const pair = provenPair(build(rows.length), build(1));
  const { visible, arrays } = sampleOf(pair, 1, { visible: "none" });
  const sample = { visible, rows, arrays: new Map([...arrays].map(([key, data]) => [key, data.map(() => 1)])) };
  const mismatch = { name: "y", index: [0, 0], block: 1, step: 2 };
  return { pair, sample, found: sample, tokens: rows.length, slots, mismatch, nonZero: 9, numbers: 10, seed: 1 };
}

/** A finding at a value of that name. */
export const finding = (value: string, more: Partial<Finding> = {}): Finding => ({
  value,
  where: "somewhere",
  op: "an op",
  site: nowhere,
  hint: "a rule",
  ...more,
});
/** Terms say nothing. */
export const nothing: ExplainAt = () => undefined;

/** Numbers that the block alone adds, by index. */
export const off = (shape: Shape, at: Readonly<Record<number, number>>): Value => {
  const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => at[k] ?? 0);
  return constant(data, shape) as unknown as Value;
};
/** a + b. */
export const plus = (a: Value, b: Value): Value => add(a, b) as Value;
/** The value under a name. */
export const as = (name: string, x: Tensor): Value => named(name, x as Value);
