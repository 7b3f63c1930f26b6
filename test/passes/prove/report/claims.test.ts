/** What a claim says of rows, sizes, inputs and padding is true: graphs on which it once was not. */
import { describe, expect, test } from "vitest";
import { printVerdict } from "../../../../src/cli/verdict/prove-text.ts";
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
const made = (name: string, parts: object): Graph => graphc.graph({ name, ...parts } as never);
const claim = (build: Build, { T = 2, S = 8 } = {}) => prove(build(T, S), build(1, S), { budget: 0 });
/** The precondition of that number. */
const says = (verdict: ReturnType<typeof claim>, id: string) => verdict.preconditions.find((p) => p.id === id)?.says;

/** A cache that is blended by the columns of a write mask. */
function blended(T: number, S: number) {
  const [x, slot, old] = [input("x", [1, 1, T, 4]), input("kv_write_mask", [1, 1, S, T]), op.state!("k", [1, 1, S, 4])];
  const kept = op.sub!(1, op.reduce_sum!(slot, { axes: [3], keep_dims: true }));
  return { x, slot, old, kept, K: op.add!(op.mul!(old, kept), op.matmul!(slot, x)) };
}
/** A cache that is scattered to. */
function scattered(T: number, S: number, dtype = "int32") {
  const [x, pos, old] = [input("x", [T, 4]), input("position", [T], dtype), op.state!("k", [S, 4])];
  const at = dtype === "int32" ? pos : op.cast!(pos, { dtype: "int32" });
  return { x, pos, at, old, K: op.scatter!(old, at, x, { mode: "update" }) };
}

describe("a cache of exactly T rows", () => {
  const build: Build = (T, S) => {
    const { x, slot, old, kept, K } = blended(T, S);
    const y = op.mul!(x, op.reduce_max!(kept, { axes: [2], keep_dims: true }));
    return made("g", { inputs: [x, slot], states: [[old, K]], outputs: { y } });
  };
  test("has no other rows: a claim for larger ones is none for it", () => {
    expect(summary(claim(build, { S: 2 }))).not.toMatch(/^PROVEN/);
    const larger = claim(build);
    expect(summary(larger)).toBe("PROVEN (exact)");
    expect(printVerdict(larger)).toMatch(/cache sizes above\s+2\s+rows/);
  });

  test("is proven for itself where all of its rows are told", () => {
    const whole: Build = (T, S) => {
      const { x, slot, old, K } = blended(T, S);
      const y = op.matmul!(op.transpose!(slot, { perm: [0, 1, 3, 2] }), K);
      return made("g", { inputs: [x, slot], states: [[old, K]], outputs: { y } });
    };
    expect(summary(claim(whole, { S: 2 }))).toBe("PROVEN (exact)");
  });
});

describe("P2", () => {
  test("tells the rows of a mask that nothing reads, where ranges rest on them", () => {
    const verdict = claim((T, S) => {
      const { x, pos, old, K } = scattered(T, S);
      const m = input("attn_mask", [T, 4]);
      const ok = op.cast!(op.less!(op.reshape!(pos, { shape: [T, 1] }), 4), { dtype: "fp16" });
      return made("g", { inputs: [x, pos, m], states: [[old, K]], outputs: { y: T > 1 ? op.mul!(x, ok) : x } });
    });
    expect([summary(verdict), says(verdict, "P2")]).toEqual(["PROVEN (exact)", expect.stringContaining("[0, 4)")]);
    expect(corollariesOf(verdict).capacity).toContain("position 0 … 2 ");
  });

  test.each<readonly [string, number, number, string, string]>([
    ["a table", 4, 0, "[0, 4)", "0 … 2"],
    ["a table, moved", 8, 1, "[0, 7)", "0 … 5"],
    ["a table, moved back", 8, -1, "[1, 8)", "1 … 6"],
  ])("lies within %s", (_, rows, move, range, capacity) => {
    const verdict = claim((T, S) => {
      const { x, pos, old, K } = scattered(T, S);
      const y = op.mul!(x, op.gather!(op.weight!("table", [rows, 4]), move === 0 ? pos : op.add!(pos, move)));
      return made("g", { inputs: [x, pos], states: [[old, K]], outputs: { y } });
    });
    expect([summary(verdict), says(verdict, "P2")]).toEqual(["PROVEN (exact)", expect.stringContaining(range)]);
    expect(corollariesOf(verdict).capacity).toContain(`position ${capacity} `);
    expect(verdict).toMatchObject({ attacked: { small: false } });
  });

  test("lies within the type of the positions", () => {
    const verdict = claim(
      (T, S) => {
        const { x, pos, old, K } = scattered(T, S, "int8");
        return made("g", { inputs: [x, pos], states: [[old, K]], outputs: { y: op.mul!(x, 2) } });
      },
      { S: 300 },
    );
    expect([summary(verdict), says(verdict, "P2")]).toEqual(["PROVEN (exact)", expect.stringContaining("[0, 128)")]);
  });

  test("cannot be met where T rows do not fit", () => {
    const build: Build = (T, S) => {
      const { x, pos, old, K } = scattered(T, S);
      const b = op.state!("b", [3, 4]);
      const states = [
        [old, K],
        [b, op.scatter!(b, pos, x, { mode: "update" })],
      ];
      return made("g", { inputs: [x, pos], states, outputs: { y: op.mul!(x, 2) } });
    };
    expect(claim(build, { T: 4 })).toMatchObject({
      verdict: "NOT PROVEN",
      finding: { reason: { code: "no room", tokens: 4, rows: 3 } },
    });
    expect(summary(claim(build, { T: 3 }))).toBe("PROVEN (exact)");
  });
});

test("P7 stands in every claim: the sign of zero is otherwise seen", () => {
  for (const y of [(x: Value) => op.tanh!(x), (x: Value) => x])
    expect(
      says(
        claim((T) => {
          const x = input("x", [1, 1, T, 4]);
          return made("g", { inputs: [x], outputs: { y: y(op.add!(x, 0)) } });
        }),
        "P7",
      ),
    ).toContain("finite");
});

test("P6 names the rows of every segment, of those too that are renamings of one another", () => {
  const verdict = claim((T) => {
    const [x, ...zs] = ["x", "z1", "z2", "z3"].map((name) => input(name, [T, name === "x" ? 4 : 1])) as [
      Value,
      ...Value[],
    ];
    const y = zs.reduce((sum, z) => op.tanh!(op.add!(sum, z)), op.tanh!(x));
    return made("g", { inputs: [x, ...zs], outputs: { y } });
  });
  expect(verdict.sizes.distinct).toBeLessThan(verdict.sizes.segments);
  expect(says(verdict, "P6")).toMatch(/: x, z1, z2, z3$/);
});

describe("a corollary", () => {
  test("of padding needs a block with padding in it that keeps the preconditions", () => {
    const verdict = claim((T, S) => {
      const { x, slot, old } = blended(T, S);
      const spread = op.real_div!(slot, op.reduce_sum!(slot, { axes: [2], keep_dims: true }));
      const kept = op.sub!(1, op.reduce_sum!(spread, { axes: [3], keep_dims: true }));
      const K = op.add!(op.mul!(old, kept), op.matmul!(spread, x));
      return made("g", { inputs: [x, slot], states: [[old, K]], outputs: { y: op.mul!(x, 2) } });
    });
    expect(summary(verdict)).toBe("PROVEN (exact)");
    expect(corollariesOf(verdict).padding).toBe(
      "not claimed: no block with padding in it keeps the preconditions: real_div is NaN",
    );
  });

  test("of padding asks for a free row, which a mask treats as the token's where there is one", () => {
    const padding = (mask: boolean) => {
      const verdict = claim((T, S) => {
        const { x, slot, old, K } = blended(T, S);
        const seen = input("attn_mask", [1, 1, T, S]);
        const more = mask ? { seen: op.mul!(seen, 1) } : {};
        return made("g", {
          inputs: [x, slot, ...(mask ? [seen] : [])],
          states: [[old, K]],
          outputs: { y: op.mul!(x, 2), ...more },
        });
      });
      if (verdict.verdict !== "PROVEN") throw new Error(verdict.verdict);
      return verdict.corollaries.find(({ name }) => name === "padding");
    };
    const says = (of: RegExp) => expect.stringMatching(of);
    expect(padding(true)).toMatchObject({
      says: says(/^padding tokens.* a free cache row w_t of its own, which the mask treats as P3 and P4 say, leave/),
      needs: ["P2", "P3", "P4", "P7", "P11"],
    });
    expect(padding(false)).toMatchObject({
      says: says(/^padding tokens.* a free cache row w_t of its own, leave/),
      needs: ["P2", "P7", "P11"],
    });
  });

  test("of a prefix looks at the axis along which tokens write", () => {
    const verdict = claim(
      (T, S) => {
        const x = input("x", [T, S]);
        const [pos, mask, slot] = [
          input("position", [T], "int32"),
          input("attn_mask", [T, S]),
          input("kv_write_mask", [S, T]),
        ];
        const old = op.state!("m", [S, S]);
        const seen = op.mul!(op.exp!(mask), op.sub!(1, op.transpose!(slot, { perm: [1, 0] })));
        const y = op.reduce_sum!(op.mul!(op.gather!(old, op.add!(pos, 1)), seen), { axes: [1], keep_dims: true });
        const M = op.scatter!(old, pos, x, { mode: "update" });
        return made("g", { inputs: [x, pos, mask, slot], states: [[old, M]], outputs: { y } });
      },
      { T: 3 },
    );
    expect(summary(verdict)).toBe("PROVEN (exact)");
    const { acceptPrefix, rejectedRows } = corollariesOf(verdict);
    expect([acceptPrefix, rejectedRows]).toEqual(
      Array(2).fill("not claimed: y depends on cache rows that are shut for its token"),
    );
  });
});

test("an attack keeps the bound of scores that an op makes and does not show", () => {
  const verdict = claim((T, S) => {
    const [x, slot, old] = [
      input("x", [1, 1, T, 32]),
      input("kv_write_mask", [1, 1, S, T]),
      op.state!("k", [1, 1, S, 32]),
    ];
    const m = input("attn_mask", [1, 1, T, S], "fp16", { role: { kind: "mask", closed: -1000 } });
    const K = op.add!(
      op.mul!(old, op.sub!(1, op.reduce_sum!(slot, { axes: [3], keep_dims: true }))),
      op.matmul!(slot, x),
    );
    const y = op.scaled_dot_product_attention!(x, K, K, { attn_mask: m });
    return made("g", { inputs: [x, m, slot], states: [[old, K]], outputs: { y } });
  });
  expect(verdict).toMatchObject({ verdict: "PROVEN", gapBound: 447, attacked: { runs: 8, met: 6 } });
});

describe("graphs of one token, each written by somebody else,", () => {
  const [HEADS, GROUPS, WIDTH, S] = [4, 2, 4, 8];
  type Attend = (q: Value, k: Value, v: Value, mask: Value) => Value;
  const fused: Attend = (q, k, v, mask) => op.scaled_dot_product_attention!(q, k, v, { attn_mask: mask });
  const spelled: Attend = (q, k, v, mask) => {
    const scores = op.add!(op.mul!(op.matmul!(q, k, { transpose_y: true }), 1 / Math.sqrt(WIDTH)), mask);
    return op.matmul!(op.softmax!(scores, { axis: 3 }), v);
  };
  const ints = (numbers: readonly number[]) => op.constant!(numbers, [numbers.length], "int32");
  const part = (x: Value, axis: number, from: number, n: number): Value =>
    op.slice_by_index!(
      x,
      ints(x.type.shape.map((_, k) => (k === axis ? from : 0))),
      ints(x.type.shape.with(axis, from + n)),
    );
  /** Queries and keys out of one weight, turned, so that a score is a sum of products whose factors are alike. */
  function layer(attend: Attend): Graph {
    const [x, mask, slot] = [
      input("x", [1, 1, 8]),
      input("attn_mask", [1, 1, 1, S]),
      input("kv_write_mask", [1, 1, S, 1]),
    ];
    const [cos, sin] = [input("rope_cos", [1, WIDTH]), input("rope_sin", [1, WIDTH])];
    const all = op.linear!(x, op.weight!("qkv", [(HEADS + 2 * GROUPS) * WIDTH, 8]));
    const heads = (first: number, n: number): Value => {
      const rows = part(all, 2, first * WIDTH, n * WIDTH);
      return op.transpose!(op.reshape!(rows, { shape: [1, 1, n, WIDTH] }), { perm: [0, 2, 1, 3] });
    };
    const turned = (h: Value): Value => {
      const [a, b] = [0, WIDTH / 2].map((begin) => part(h, 3, begin, WIDTH / 2));
      return op.add!(op.mul!(h, cos), op.mul!(op.concat!([op.mul!(b, -1), a], { axis: 3 }), sin));
    };
    const kept = op.sub!(1, op.reduce_sum!(slot, { axes: [3], keep_dims: true }));
    const written = (name: string, rows: Value) => {
      const old = op.state!(name, [1, GROUPS, S, WIDTH]);
      return [old, op.add!(op.mul!(old, kept), op.matmul!(slot, rows))] as const;
    };
    const [k, v] = [written("k", turned(heads(HEADS, GROUPS))), written("v", heads(HEADS + GROUPS, GROUPS))];
    const repeated = (cache: Value): Value => {
      const each = op.tile!(op.expand_dims!(cache, { axes: [2] }), { reps: [1, 1, HEADS / GROUPS, 1, 1] });
      return op.reshape!(each, { shape: [1, HEADS, S, WIDTH] });
    };
    const y = attend(turned(heads(0, HEADS)), repeated(k[1]), repeated(v[1]), mask);
    return made("g", { inputs: [x, mask, slot, cos, sin], states: [k, v], outputs: { y } });
  }

  test.each([
    ["fused, then spelled out", fused, spelled],
    ["spelled out, then fused", spelled, fused],
  ])("%s, are equal over the reals", (_, first, second) => {
    expect(summary(prove(layer(first), layer(second), { budget: 0 }))).toBe("PROVEN (reals)");
  });

  test("are not, where one of them has another scale", () => {
    const wrong: Attend = (q, k, v, mask) => spelled(op.mul!(q, 2), k, v, mask);
    expect(summary(prove(layer(wrong), layer(fused)))).toBe("REFUTED");
  });
});

test("P12 names what is looked up in every segment, in those too that are renamings of one another", () => {
  const verdict = claim((T) => {
    const [x, ...ids] = [input("x", [T, 4]), ...["a", "b"].map((name) => input(name, [T], "int32", { role: "rows" }))];
    const layer = (h: Value, id: Value) => op.tanh!(op.mul!(h, op.gather!(op.weight!(`t_${id.name}`, [9, 4]), id)));
    return made("g", { inputs: [x, ...ids], outputs: { y: op.exp!(ids.reduce(layer, op.tanh!(x!))) } });
  });
  expect(verdict.sizes.segments).toBeGreaterThan(2);
  expect(says(verdict, "P12")).toMatch(/: a in \[0, 9\), b in \[0, 9\)$/);
});

describe("a value on the way that holds masked-out entries is no score", () => {
  /** max(2 · (tanh x + mask), sums of rows + mask): at the row of a later token the block has its sum and a step the old one. */
  const build =
    (far: (h: Value, m: Value) => Value): Build =>
    (T, S) => {
      const { slot, old, x: row, K } = blended(T, S);
      const [x, m] = [input("h", [1, 1, T, S]), input("attn_mask", [1, 1, T, S])];
      const sums = op.add!(op.reshape!(op.reduce_sum!(K, { axes: [3] }), { shape: [1, 1, 1, S] }), m);
      const y = op.maximum!(op.mul!(far(op.tanh!(x), m), 2), sums);
      return made("g", { inputs: [x, row, slot, m], states: [[old, K]], outputs: { y } });
    };
  const verdict = (of: Build) => summary(prove(of(2, 8), of(1, 8), { budget: 0, secondOpinion: false }));

  test.each<readonly [says: string, far: (h: Value, m: Value) => Value]>([
    ["after a mask was added to it", (h, m) => op.add!(h, m)],
    ["after a number was that is as far away", (h) => op.sub!(h, 20_000)],
  ])("%s", (_, far) => expect(verdict(build(far))).not.toMatch(/^PROVEN/));
  test("and is one where a softmax hid them", () => {
    const hidden: Build = (T, S) => {
      const { slot, old, x, K } = blended(T, S);
      const m = input("attn_mask", [1, 1, T, S]);
      const attend = (h: Value) =>
        op.matmul!(op.softmax!(op.add!(op.matmul!(h, K, { transpose_y: true }), m), { axis: 3 }), K);
      const y = op.tanh!(attend(op.tanh!(attend(x))));
      return made("g", { inputs: [x, slot, m], states: [[old, K]], outputs: { y } });
    };
    expect(verdict(hidden)).toBe("PROVEN (exact)");
  });
});
