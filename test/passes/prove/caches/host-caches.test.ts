/** Caches that go in and come out: block against steps under the host's rule, against layers with states, and with faults planted. */
import { describe, expect, test } from "vitest";
import { isGraphError } from "../../../../src/dsl/error.ts";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { add, concat, matmul, mul, reduce_sum, softmax, split, sub } from "../../../../src/dsl/ops/index.ts";
import type { GivenRoles } from "../../../../src/dsl/role.ts";
import { input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { SPELLINGS } from "../../../../src/models/blocks/spelling.ts";
import { decoderLayers } from "../../../../src/models/layers.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { SMALL } from "../../../support/phi/phi.ts";

const S = 6;
const QUICK = { secondOpinion: false, corollaries: false } as const;
const layer = (tokens: number, cache: "io" | "state", options: Parameters<typeof decoderLayers>[2] = {}): Graph =>
  decoderLayers(SMALL, { tokens, maxSeq: S }, { ...options, cache });

describe.each(SPELLINGS.write)("a Phi layer whose rows are placed by %s", (write) => {
  const T = write === "blend" ? 4 : 2;

  test("is, as a block, what its steps are", () => {
    const verdict = prove(layer(T, "io", { write }), layer(1, "io", { write }));
    expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
    const caches = verdict.roles
      .filter(({ role }) => role === "cache")
      .map(({ input, rows, source }) => [input, rows, source]);
    expect(caches).toEqual([
      ["layers_0_k_cache", "layers_0_k_rows", "declared"],
      ["layers_0_v_cache", "layers_0_v_rows", "declared"],
    ]);
  });

  test("is what steps with states are, and the other way round", () => {
    for (const [one, other] of [
      ["io", "state"],
      ["state", "io"],
    ] as const)
      expect(prove(layer(2, one, { write }), layer(1, other, { write }), QUICK)).toMatchObject({
        verdict: "PROVEN",
        level: "exact",
      });
  });
});

test("two layers are proven, and any prefix may be accepted", () => {
  const verdict = prove(layer(2, "io", { count: 2 }), layer(1, "io", { count: 2 }));
  expect(verdict.verdict === "PROVEN" && verdict.corollaries.map(({ name, holds }) => [name, holds])).toEqual([
    ["acceptPrefix", true],
    ["rejectedRows", true],
    ["padding", true],
    ["positions", true],
    ["capacity", true],
  ]);
});

type Value = Tensor<Shape, "fp16">;

/** What a layer may get wrong. */
type Fault = "rows in another order" | "reads what was there before" | "sees stale rows" | "another slot" | "K for V";

/** Attention of rows x [1, 1, T, 4] over caches [1, 1, S, 4], without projections of its queries. */
function small(T: number, fault?: Fault, declared = true): Graph {
  const x: Value = input("x", [1, 1, T, 4]);
  const mask: Value = input("attn_mask", [1, 1, T, S]);
  const slot: Value = input("kv_write_mask", [1, 1, S, T]);
  const cache = (name: string): Value => {
    const role = { kind: "cache", update: "slot", rows: `${name}_rows` } as const;
    return input(`${name}_cache`, [1, 1, S, 4], "fp16", declared ? { role } : {});
  };
  const [oldK, oldV] = [cache("k"), cache("v")];
  const rows = (name: string): Value => mul(x, weight(name, [1, 1, 1, 4]) as Value);
  const [newK, newV] = [rows("wk"), rows("wv")];
  const placed = (old: Value, fresh: Value): Value => {
    const at = fault === "another slot" ? turned(slot, 2, 1) : slot;
    return add(mul(old, sub(1, reduce_sum(at, { axes: [3], keep_dims: true }))), matmul(at, fresh));
  };
  const [K, V] = fault === "reads what was there before" ? [oldK, oldV] : [placed(oldK, newK), placed(oldV, newV)];
  const scores = matmul(x, K, { transpose_y: true });
  const y = matmul(softmax(fault === "sees stale rows" ? scores : add(scores, mask), { axis: 3 }), V);
  const out = fault === "rows in another order" ? [turned(newK, 2, T - 1), newV] : [newK, newV];
  const [k, v] = fault === "K for V" ? [newV, newK] : out;
  return graph({ name: `small_t${T}`, inputs: [x, mask, slot, oldK, oldV], outputs: { y, k_rows: k!, v_rows: v! } });
}

/** Turned by n places along an axis. */
function turned(value: Value, axis: number, n: number): Value {
  const size = value.type.shape[axis]!;
  if (size < 2) return value;
  const [a, b] = split(value, { split_sizes: [n, size - n], axis });
  return concat([b!, a!] as Value[], { axis }) as Value;
}

test("the small layer is proven", () => {
  expect(prove(small(3), small(1))).toMatchObject({ verdict: "PROVEN", level: "exact" });
});

test.each<Fault>([
  "rows in another order",
  "reads what was there before",
  "sees stale rows",
  "another slot",
  "K for V",
])("a layer with this fault is refuted, on an input: %s", (fault) => {
  const verdict = prove(small(3, fault), small(1, fault));
  expect(verdict.verdict).toBe("REFUTED");
  if (verdict.verdict !== "REFUTED") return;
  const { tokens, mismatch, nonZero } = verdict.counterexample;
  expect(tokens).toBeGreaterThan(1);
  expect(mismatch.block).not.toBe(mismatch.step);
  expect(nonZero).toBeGreaterThan(0);
});

test.each<Fault>(["reads what was there before", "another slot", "sees stale rows"])(
  "and so is one beside steps that are right: %s",
  (fault) => {
    expect(prove(small(3, fault), small(1)).verdict).toBe("REFUTED");
  },
);

/** Roles as the option states them. */
const given = (k: string, v: string): GivenRoles =>
  new Map([
    ["k_cache", { facts: { kind: "cache", update: "slot", rows: k }, source: "option" }],
    ["v_cache", { facts: { kind: "cache", update: "slot", rows: v }, source: "option" }],
  ]);

describe("where the graphs do not say it", () => {
  const pair = [small(3, undefined, false), small(1, undefined, false)] as const;

  test("an option does", () => {
    const verdict = prove(...pair, { roles: given("k_rows", "v_rows") });
    expect(verdict).toMatchObject({ verdict: "PROVEN", level: "exact" });
    expect(verdict.roles.at(-1)).toEqual({
      input: "v_cache",
      role: "cache",
      rows: "v_rows",
      update: "slot",
      source: "option",
    });
  });

  test("rows of the other cache are refuted", () => {
    expect(prove(...pair, { roles: given("v_rows", "k_rows") }).verdict).toBe("REFUTED");
  });

  test("and where nobody does, nothing is proven", () => {
    expect(prove(...pair).verdict).not.toBe("PROVEN");
  });

  test.each([
    ["rows that are none", given("k_rows", "rows"), 'no output "rows"'],
    ["the same rows for both", given("k_rows", "k_rows"), 'output "k_rows" is said to be the rows of two caches'],
    [
      "an input that is none",
      new Map([...given("k_rows", "v_rows"), ["z", [...given("k_rows", "v_rows").values()][0]!]]),
      'no input "z"',
    ],
  ] as const)("%s are refused", (_, roles, text) => {
    expect(() => prove(...pair, { roles })).toThrow(text);
  });
});

test("rows that do not fit their cache are refused", () => {
  const roles = new Map([
    ["layers_0_k_cache", { facts: { kind: "cache", update: "slot", rows: "hidden" }, source: "option" }],
  ]) as GivenRoles;
  expect(() => prove(layer(2, "io"), layer(1, "io"), { roles })).toThrow("the host cannot write");
});

test("a cache whose slots nothing tells is refused", () => {
  const of = (T: number): Graph => {
    const x: Value = input("x", [1, 1, T, 4]);
    const role = { kind: "cache", update: "slot", rows: "rows" } as const;
    const cache: Value = input("cache", [1, 1, S, 4], "fp16", { role });
    return graph({
      name: "n",
      inputs: [x, cache],
      outputs: { y: matmul(x, cache, { transpose_y: true }), rows: add(x, 0) },
    });
  };
  expect(() => prove(of(2), of(1))).toThrow("no write mask or position");
});

test("a write mask with its axes the other way round is refused, whatever its role says", () => {
  const of = (T: number): Graph => {
    const x: Value = input("x", [1, 1, T, 4]);
    const slot: Value = input("w", [1, 1, T, S], "fp16", { role: { kind: "write_mask", tokenAxis: 2, slotAxis: 3 } });
    const role = { kind: "cache", update: "slot", rows: "rows" } as const;
    const cache: Value = input("cache", [1, 1, S, 4], "fp16", { role });
    const y = add(matmul(slot, cache), x);
    return graph({ name: "n", inputs: [x, slot, cache], outputs: { y, rows: add(x, 0) } });
  };
  try {
    prove(of(2), of(1));
    expect.unreachable();
  } catch (error) {
    expect(isGraphError(error)).toBe(true);
  }
});

describe("one host keeps the caches of both graphs", () => {
  type Stated = readonly [rows: string, state?: string];
  /** Twice and thrice x are the new rows; y reads one of the caches. */
  function kept({ k, v, exchanged = false, read = "K" }: { k: Stated; v: Stated; exchanged?: boolean; read?: string }) {
    const x = input("x", [1, 1, 1, 4]);
    const mask = input("kv_write_mask", [1, 1, S, 1]);
    const cache = (name: string, [rows, state]: Stated) =>
      input(name, [1, 1, S, 4], "fp16", {
        role: { kind: "cache", update: "slot", rows, ...(state === undefined ? {} : { state }) },
      });
    const [K, V] = [cache("K", k), cache("V", v)];
    const [kn, vn] = exchanged ? [mul(x, 3), mul(x, 2)] : [mul(x, 2), mul(x, 3)];
    const y = reduce_sum(mul(read === "K" ? K : V, x), { axes: [2], keep_dims: true });
    return graph({ name: "g", inputs: [x, mask, K, V], outputs: { kn, vn, y } });
  }
  const plain = kept({ k: ["kn"], v: ["vn"] });

  test("rows that go to another cache are no proof, though every state ends alike", () => {
    const other = kept({ k: ["vn"], v: ["kn"], exchanged: true });
    expect(() => prove(plain, other, QUICK)).toThrow(
      'one host cannot keep both: "K" the state K of the rows kn in one graph, "K" the state K of the rows vn in the other',
    );
  });

  test("caches that are called by each other's names are none either", () => {
    const named = kept({ k: ["kn", "S1"], v: ["vn", "S2"] });
    const crossed = kept({ k: ["kn", "S2"], v: ["vn", "S1"], exchanged: true, read: "V" });
    expect(() => prove(named, crossed, QUICK)).toThrow("one host cannot keep both");
    expect(prove(named, named, QUICK).verdict).toBe("PROVEN");
  });
});
