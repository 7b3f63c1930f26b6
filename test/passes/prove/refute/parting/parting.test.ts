/** Faults planted at known places of graphs whose names mean nothing: the first difference told is the planted one. */
import { describe, expect, test } from "vitest";
import { named, type Tensor } from "../../../../../src/dsl/tensor.ts";
import { prove } from "../../../../../src/passes/prove/prove.ts";
import { asRead } from "../../../../support/prove/as-read.ts";
import { type Feeds, op, pairOf, part, S, type Value, W } from "../../../../support/prove/corpus/fault.ts";

const as = (name: string, x: Tensor): Value => named(name, x as Value);
const T = 3;

/** Where a fault may be planted. */
interface Plants {
  /** Rows [T, n] as they come in. */
  readonly cos?: (x: Value) => Value;
  readonly mask?: (x: Value) => Value;
  readonly place?: (x: Value) => Value;
  readonly scale?: number;
  readonly turned?: (q: Value, cos: Value) => Value;
  readonly values?: (k: Value, v: Value) => Value;
  readonly early?: boolean;
  readonly axis?: number;
  readonly open?: boolean;
}

/** Attention of rows with a cache, in the ways that people write: a blend, or rows scattered to positions. */
function layer(f: Feeds, style: "blend" | "scatter", p: Plants): Readonly<Record<string, Value>> {
  const { turned = op.mul, values = (_: Value, v: Value) => v } = p;
  const planted = (name: string, x: Value, by?: (x: Value) => Value) => (by ? as(name, by(x)) : x);
  const cos = planted("cos", f.rows("cosines", 4), p.cos);
  const [q, k, v] = ["q", "k", "v"].map((name) => as(name, op.matmul(f.x, W(name, [4, 4]))));
  const [Q, K] = [as("q.turned", turned!(q!, cos)), as("k.turned", op.mul(k!, cos))];
  const write =
    style === "blend"
      ? blend(planted("place", op.reshape(f.write, { shape: [S, f.tokens] }), p.place))
      : (old: Value, rows: Value) => op.scatter(old, f.at, rows, { axis: 0, mode: "update" });
  const [keys, cached] = [as("keys", write(f.state("K"), K)), as("values", write(f.state("V"), values(K, v!)))];
  const scores = as("scores", op.matmul(Q, p.early ? f.state("K") : keys, { transpose_y: true }));
  const scaled = as("scaled", op.mul(scores, p.scale ?? 0.5));
  const mask = planted("mask", op.reshape(f.mask(), { shape: [f.tokens, S] }), p.mask);
  const masked = as("masked", op.add(scaled, p.open ? op.mul(mask, 0) : mask));
  const probs = as("probs", op.softmax(masked, { axis: p.axis ?? 1 }));
  return { K: keys, V: cached, y: op.add(f.x, as("mixed", op.matmul(probs, cached))) };
}

/** cache · (1 − w) + w · rows: the first product is of another age in block and step, whatever else is right. */
function blend(w: Value) {
  const kept = as("kept", op.sub(1, op.reduce_sum(w, { axes: [1], keep_dims: true })));
  return (old: Value, rows: Value): Value => op.add(as("rest", op.mul(old, kept)), op.matmul(w, rows));
}

const shifted = (x: Value, axis: number, n: number): Value =>
  op.concat([part(x, axis, 1, n - 1), part(x, axis, 0, 1)], { axis });

const byT = (axis: number) => (x: Value) => shifted(x, axis, T);

/** By the name of the value that is told. */
const PLANTS: readonly (readonly [value: string, plant: Plants])[] = [
  ["cos", { cos: byT(0) }],
  ["mask", { mask: (x) => shifted(x, 1, S) }],
  ["mask", { mask: byT(0) }],
  ["scaled", { scale: 0.25 }],
  ["q.turned", { turned: (q, cos) => op.mul(op.mul(q, cos), cos) }],
  ["q.turned", { turned: (q) => op.mul(q, 2) }],
  ["V", { values: (k) => k }],
  ["scores", { early: true }],
  ["probs", { axis: 0 }],
];

const scrambled = [(k: number) => `var_${k}`, (k: number) => `x_${(k * 37) % 101}`] as const;

/** What is told of a block with a plant in it, by the author's names. */
function told(style: "blend" | "scatter", plant: Plants, step: Plants = {}) {
  const graphs = pairOf(
    { make: (f: Feeds) => layer(f, style, plant), step: (f: Feeds) => layer(f, style, step) },
    T,
    false,
  );
  const [block, one] = [asRead(graphs.block, scrambled[0]), asRead(graphs.step, scrambled[1])];
  const verdict = prove(block.graph, one.graph);
  if (verdict.verdict !== "REFUTED") throw new Error(verdict.verdict);
  const name = [...block.names].find(([, read]) => read === verdict.finding.value)?.[0];
  return { ...verdict, value: name ?? verdict.finding.value };
}

describe.each(["blend", "scatter"] as const)("with a cache by %s", (style) => {
  const place = ["place", { place: (x: Value) => shifted(x, 0, S) }] as const;
  test.each([...PLANTS, ...(style === "blend" ? [place] : [])])(
    "%s is told where the fault is there: %o",
    (value, plant) => {
      const { value: found, finding, counterexample } = told(style, plant);
      expect(found).toBe(value);
      expect(finding).not.toHaveProperty("later");
      expect(counterexample.value).toMatchObject({ name: finding.value });
      expect(counterexample.value!.block).not.toBe(counterexample.value!.step);
    },
  );

  test("a row of a later token that both graphs let a token see is told where it shows", () => {
    const { value, finding } = told(style, { open: true }, { open: true });
    expect(finding).toMatchObject({ later: true });
    expect(value).toBe("masked");
  });
});
