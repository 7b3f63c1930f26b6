/** A counterexample keeps all that a proof of the same graphs might ask for: pairs that were once refuted without reason. */
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../../src/dsl/graph.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import * as graphc from "../../../../src/index.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { summary } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;
/** Shapes are those of this file's graphs: T and S are numbers here, and no types. */
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;
type Build = (T: number, S: number) => Graph;

const input = (...args: readonly unknown[]) => op.input!(...args);
const made = (parts: object): Graph => graphc.graph({ name: "g", ...parts } as never);
const claim = (build: Build, { S = 8, seed = 1 } = {}) => prove(build(2, S), build(1, S), { budget: 0, seed });
/** The precondition of that number. */
const says = (verdict: ReturnType<typeof claim>, id: string) => verdict.preconditions.find((p) => p.id === id)?.says;
const counting = (n: number) =>
  op.constant!(
    Array.from({ length: n }, (_, k) => k),
    [n],
    "int32",
  );
const flag = (x: Value, shape: Shape) => op.reshape!(op.cast!(x, { dtype: "fp16" }), { shape });
/** A cache [S, 4] that is scattered to. */
function scattered(T: number, S: number, dtype = "int32") {
  const [x, pos, old] = [input("x", [T, 4]), input("position", [T], dtype), op.state!("k", [S, 4])];
  return { x, pos, old, K: op.scatter!(old, op.cast!(pos, { dtype: "int32" }), x, { mode: "update" }) };
}

describe("rows that a proof could rule out refute nothing", () => {
  test.each<readonly [string, (pos: Value, T: number) => Value]>([
    [
      "rows from the first token's on",
      (pos, T) => op.add!(op.reduce_min!(pos, { axes: [0], keep_dims: true }), counting(T)),
    ],
    [
      "the own row by the largest",
      (pos, T) => {
        const back = op.constant!(
          Array.from({ length: T }, (_, t) => T - 1 - t),
          [T],
          "int32",
        );
        return op.sub!(op.reduce_max!(pos, { axes: [0], keep_dims: true }), back);
      },
    ],
  ])("%s", (_, rows) => {
    const verdict = claim((T, S) => {
      const { x, pos, old } = scattered(T, S);
      const states = [[old, op.scatter!(old, T > 1 ? rows(pos, T) : pos, x, { mode: "update" })]];
      return made({ inputs: [x, pos], states, outputs: { y: op.mul!(x, 2) } });
    });
    expect(summary(verdict)).toBe("NOT PROVEN");
  });

  test("a position is one that its type can name", () => {
    const verdict = claim(
      (T, S) => {
        const { x, pos, old, K } = scattered(T, S, "int8");
        const again = T > 1 ? op.cast!(pos, { dtype: "int8" }) : pos;
        const y = op.mul!(x, flag(op.less!(op.cast!(again, { dtype: "int32" }), 0), [T, 1]));
        return made({ inputs: [x, pos], states: [[old, K]], outputs: { y } });
      },
      { S: 300 },
    );
    expect([summary(verdict), says(verdict, "P2")]).toEqual(["PROVEN (exact)", expect.stringContaining("[0, 128)")]);
  });
});

describe("scores beyond the bound that a proof asks for refute nothing", () => {
  /** Scores of 490 either way, where rows are not small, below a mask that adds −1000; all of it is then scaled down. */
  const build =
    (shown: (x: Value, y: Value, T: number) => Readonly<Record<string, Value>>): Build =>
    (T, S) => {
      const [x, slot] = [input("x", [1, 1, T, 4]), input("kv_write_mask", [1, 1, S, T])];
      const mask = input("attn_mask", [1, 1, T, S], "fp16", { role: { kind: "mask", closed: -1000 } });
      const old = op.state!("k", [1, 1, S, 4]);
      const kept = op.sub!(1, op.reduce_sum!(slot, { axes: [3], keep_dims: true }));
      const K = op.add!(op.mul!(old, kept), op.matmul!(slot, x));
      const cosines = op.clip!(op.mul!(op.matmul!(x, K, { transpose_y: true }), 2), { alpha: -1, beta: 1 });
      const scores = op.mul!(op.add!(op.mul!(cosines, -490), mask), 0.125);
      const y = op.matmul!(op.softmax!(scores, { axis: -1 }), K);
      return made({ inputs: [x, slot, mask], states: [[old, K]], outputs: shown(x, y, T) });
    };

  test("such as the graph without what is not proven of it asks for", () => {
    expect(
      claim(
        build((_, y) => ({ y })),
        { S: 3 },
      ),
    ).toMatchObject({ verdict: "PROVEN", gapBound: 18 });
  });

  test.each([1, 11, 21])("with seed %i", (seed) => {
    // log(exp(x)) is x over the reals, which is not proven.
    const back = build((x, y, T) => ({ y, z: T === 1 ? op.log!(op.exp!(x)) : x }));
    expect(summary(claim(back, { S: 3, seed }))).toBe("NOT PROVEN");
  });

  test("and smaller ones still do", () => {
    const other = build((x, y, T) => ({ y: T > 1 ? op.add!(y, x) : y }));
    expect(summary(claim(other, { S: 3 }))).toBe("REFUTED");
  });
});
