/** What a claim says of cache rows is true: which they are, who tells them, how many there are. */
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../../src/dsl/graph.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import * as graphc from "../../../../src/index.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { corollariesOf } from "../../../support/prove/claims.ts";
import { summary } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;
/** Shapes are those of this file's graphs: T and S are numbers here, and no types. */
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;
type Build = (T: number, S: number) => Graph;

const input = (...args: readonly unknown[]) => op.input!(...args);
const made = (parts: object): Graph => graphc.graph({ name: "g", ...parts } as never);
const claim = (build: Build, { T = 2, S = 8 } = {}) => prove(build(T, S), build(1, S), { budget: 0 });
/** The precondition of that number. */
const says = (verdict: ReturnType<typeof claim>, id: string) => verdict.preconditions.find((p) => p.id === id)?.says;
const counting = (n: number, dtype = "int32") =>
  op.constant!(
    Array.from({ length: n }, (_, k) => k),
    [n],
    dtype,
  );
const flag = (x: Value, shape: Shape) => op.reshape!(op.cast!(x, { dtype: "fp16" }), { shape });

/** A cache that is blended by the columns of a write mask. */
function blended(T: number, S: number, name = "kv_write_mask") {
  const [x, slot, old] = [input("x", [1, 1, T, 4]), input(name, [1, 1, S, T]), op.state!("k", [1, 1, S, 4])];
  return { x, slot, old, K: blend(old, slot, x) };
}
const blend = (old: Value, slot: Value, x: Value) =>
  op.add!(op.mul!(old, op.sub!(1, op.reduce_sum!(slot, { axes: [3], keep_dims: true }))), op.matmul!(slot, x));
/** A cache [S, 4] that is scattered to. */
function scattered(T: number, S: number, dtype = "int32") {
  const [x, pos, old] = [input("x", [T, 4]), input("position", [T], dtype), op.state!("k", [S, 4])];
  return { x, pos, old, K: op.scatter!(old, op.cast!(pos, { dtype: "int32" }), x, { mode: "update" }) };
}

describe("who tells the rows gives the same ones, which P10 says", () => {
  test("an input of several positions a token, of which block and step take different ones", () => {
    const verdict = claim((T, S) => {
      const [x, p, k] = [input("x", [T, 4]), input("position", [2, T], "int32"), op.state!("k", [S, 4])];
      const which = T === 1 ? 1 : 0;
      const row = op.reshape!(op.slice_by_index!(p, [which, 0], [which + 1, T]), { shape: [T] });
      const states = [[k, op.scatter!(k, row, x, { mode: "update" })]];
      return made({ inputs: [x, p], states, outputs: { y: op.mul!(x, 2) } });
    });
    expect([summary(verdict), says(verdict, "P10")]).toEqual([
      "PROVEN (exact)",
      expect.stringContaining("position, every entry of position for a token"),
    ]);
  });

  test("a write mask of the block and a position of the step", () => {
    const verdict = claim((T, S) => {
      if (T > 1) {
        const { x, slot, old, K } = blended(T, S);
        return made({ inputs: [x, slot], states: [[old, K]], outputs: { y: op.mul!(x, 2) } });
      }
      const [x, pos] = [input("x", [1, 1, T, 4]), input("position", [T], "int32")];
      const old = op.state!("k", [1, 1, S, 4]);
      const states = [[old, op.scatter!(old, pos, x, { mode: "update", axis: 2 })]];
      return made({ inputs: [x, pos], states, outputs: { y: op.mul!(x, 2) } });
    });
    expect(summary(verdict)).toBe("PROVEN (exact)");
    expect(says(verdict, "P10")).toMatch(/kv_write_mask, position$/);
  });

  test("two write masks", () => {
    const verdict = claim((T, S) => {
      const { x, slot, old } = blended(T, S);
      const other = input("write_mask", [1, 1, S, T]);
      const states = [[old, blend(old, T > 1 ? slot : other, x)]];
      return made({ inputs: [x, slot, other], states, outputs: { y: op.mul!(x, 2) } });
    });
    expect(summary(verdict)).toBe("PROVEN (exact)");
    expect(says(verdict, "P10")).toMatch(/kv_write_mask, write_mask$/);
  });

  test("one position a token, or one write mask, needs no such promise", () => {
    for (const build of [scattered, blended]) {
      const verdict = claim((T, S) => {
        const { x, old, K, ...rest } = build(T, S);
        const rows = "pos" in rest ? rest.pos : rest.slot;
        return made({ inputs: [x, rows], states: [[old, K]], outputs: { y: op.mul!(x, 2) } });
      });
      expect([summary(verdict), says(verdict, "P10")]).toEqual(["PROVEN (exact)", undefined]);
    }
  });
});

describe("how many rows there are is told by the axis that is written", () => {
  test.each<readonly [shape: readonly number[], axis: number]>([
    [[8, 1, 4], 0],
    [[8, 2, 4], 0],
    [[1, 2, 4, 8], 3],
    [[1, 8, 2, 2, 4], 1],
    [[8], 0],
  ])("of a state %j along axis %i", (shape, axis) => {
    const verdict = claim((T) => {
      const [x, p, k] = [input("x", shape.with(axis, T)), input("position", [T], "int32"), op.state!("k", shape)];
      const states = [[k, op.scatter!(k, p, x, { mode: "update", axis })]];
      return made({ inputs: [x, p], states, outputs: { y: op.mul!(x, 2) } });
    });
    expect(corollariesOf(verdict).capacity).toContain("position 0 … 6 ");
    expect(verdict).toMatchObject({ sizes: { slots: 8 }, attacked: { runs: 8, met: 8 } });
  });

  test("and where none is, there is nothing to fit into", () => {
    const verdict = claim((T) => {
      const [x, k] = [input("x", [T, 4]), op.state!("k", [1, 4])];
      const before = T > 1 ? op.concat!([k, op.slice_by_index!(x, [0, 0], [T - 1, 4])], { axis: 0 }) : k;
      const states = [[k, op.slice_by_index!(x, [T - 1, 0], [T, 4])]];
      return made({ inputs: [x], states, outputs: { y: op.add!(x, before) } });
    });
    expect(summary(verdict)).toBe("PROVEN (exact)");
    expect(corollariesOf(verdict).capacity).toBe("not claimed: the graph names no cache row");
  });

  test("an input has a row for each token of the block, and no more", () => {
    const build: Build = (T, S) => {
      const [x, p, k] = [input("x", [T, 4]), input("position", [T > 1 ? 4 : 1], "int32"), op.state!("k", [S, 4])];
      const states = [[k, op.scatter!(k, op.slice_by_index!(p, [0], [T]), x, { mode: "update" })]];
      return made({ inputs: [x, p], states, outputs: { y: op.mul!(x, 2) } });
    };
    expect(() => claim(build)).toThrow(/"position" of g has 4 rows along axis 0.*the block is of 2 tokens/);
  });
});

describe("a proof in which the number of rows has a part is for this number", () => {
  /** Right for 8 rows, and for no more. */
  const BUILDS: readonly (readonly [string, Build])[] = [
    [
      "a range that a shifted cache stays in",
      (T, S) => {
        const [x, k] = [input("x", [T, 4]), op.state!("k", [S, 4])];
        const K = op.concat!([op.slice_by_index!(k, [T, 0], [S, 4]), x], { axis: 0 });
        const all = flag(op.less!(counting(S), 8), [S, 1]);
        return made({ inputs: [x], states: [[k, T > 1 ? op.mul!(K, all) : K]], outputs: { y: op.mul!(x, 2) } });
      },
    ],
    [
      "a constant along the cache",
      (T, S) => {
        const { x, slot, old, K } = blended(T, S);
        const ones = Array.from({ length: S }, (_, k) => Number(k < 8));
        const exit = T > 1 ? op.mul!(K, op.constant!(ones, [1, 1, S, 1], "fp16")) : K;
        return made({ inputs: [x, slot], states: [[old, exit]], outputs: { y: op.mul!(x, 2) } });
      },
    ],
    [
      "a numbered row",
      (T, S) => {
        const [x, k] = [input("x", [T, 4]), op.state!("k", [S, 4])];
        const from = T > 1 ? 3 : S - 5;
        const y = op.mul!(x, op.slice_by_index!(k, [from, 0], [from + 1, 4]));
        return made({ inputs: [x], states: [[k, k]], outputs: { y } });
      },
    ],
    [
      "a mean, which divides by their number",
      (T, S) => {
        const [x, k] = [input("x", [T, 4]), op.state!("k", [S, 4])];
        const over = { axes: [0], keep_dims: true };
        const mean = T > 1 ? op.reduce_mean!(k, over) : op.mul!(op.reduce_sum!(k, over), 1 / 8);
        return made({ inputs: [x], states: [[k, k]], outputs: { y: op.mul!(x, mean) } });
      },
    ],
    [
      "a softmax of equal scores, which counts them",
      (T, S) => {
        const { x, slot, old, K } = blended(T, S);
        const shares = op.softmax!(op.mul!(old, 0), { axis: 2 });
        const share = T > 1 ? op.reduce_max!(shares, { axes: [2], keep_dims: true }) : 1 / 8;
        return made({ inputs: [x, slot], states: [[old, K]], outputs: { y: op.mul!(x, share) } });
      },
    ],
    [
      "a mean of scores",
      (T, S) => {
        const { x, slot, old, K } = blended(T, S);
        const scores = op.matmul!(x, K, { transpose_y: true });
        const m = input("m", [1, 1, T, S], "fp16", { role: { kind: "mask", open: 1, closed: 0 } });
        const seen = op.mul!(scores, m);
        const over = { axes: [3], keep_dims: true };
        const y = T > 1 ? op.reduce_mean!(seen, over) : op.mul!(op.reduce_sum!(seen, over), 1 / 8);
        return made({ inputs: [x, slot, m], states: [[old, K]], outputs: { y } });
      },
    ],
    [
      "a mean of a mask",
      (T, S) => {
        const { x, slot, old, K } = blended(T, S);
        const m = input("m", [1, 1, T, S], "fp16", { role: { kind: "mask", open: 1, closed: 0 } });
        const over = { axes: [3], keep_dims: true };
        const share = T > 1 ? op.reduce_mean!(m, over) : op.mul!(op.reduce_sum!(m, over), 1 / 8);
        return made({ inputs: [x, slot, m], states: [[old, K]], outputs: { y: op.mul!(x, share) } });
      },
    ],
    [
      "a table that twice a row lies in",
      (T, S) => {
        const { x, pos, old, K } = scattered(T, S);
        const y = op.mul!(x, op.gather!(op.weight!("table", [16, 4]), op.mul!(pos, 2)));
        return made({ inputs: [x, pos], states: [[old, K]], outputs: { y } });
      },
    ],
  ];
  test.each(BUILDS)("%s", (_, build) => {
    expect(claim(build)).toMatchObject({ verdict: "PROVEN", anyCacheSize: false });
    expect(summary(claim(build, { S: 16 }))).not.toMatch(/^PROVEN/);
  });
});

test("a position that a float type cannot hold is another row, over the reals too", () => {
  const build: Build = (T, S) => {
    const { x, pos, old } = scattered(T, S);
    const row = T > 1 ? op.cast!(op.cast!(pos, { dtype: "fp16" }), { dtype: "int32" }) : pos;
    const states = [[old, op.scatter!(old, row, x, { mode: "update" })]];
    return made({ inputs: [x, pos], states, outputs: { y: op.mul!(x, 2) } });
  };
  expect(claim(build)).toMatchObject({ verdict: "PROVEN", anyCacheSize: false });
  expect(summary(claim(build, { S: 4096 }))).not.toMatch(/^PROVEN/);
});

test("rows of rejected tokens that positions tell are shut from the first of them on", () => {
  const verdict = claim((T, S) => {
    const { x, pos, old, K } = scattered(T, S);
    const later = op.less!(op.reshape!(pos, { shape: [T, 1] }), op.reshape!(counting(S), { shape: [1, S] }));
    const y = op.matmul!(op.exp!(op.mul!(op.cast!(later, { dtype: "fp16" }), -10_000)), K);
    return made({ inputs: [x, pos], states: [[old, K]], outputs: { y } });
  });
  expect([summary(verdict), corollariesOf(verdict).rejectedRows]).toEqual([
    "PROVEN (exact)",
    expect.stringContaining("never read, as long as the next call begins at the first of them:"),
  ]);
});
