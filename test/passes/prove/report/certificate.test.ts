/** A certificate: what it says of a verdict, and hashes that tell graphs apart by what they compute, not by names of values. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import * as typed from "../../../../src/dsl/ops/index.ts";
import { constant, input, named, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { certificate, graphHash } from "../../../../src/passes/prove/report/certificate.ts";
import type { Verdict } from "../../../../src/passes/prove/report/verdict.ts";

type Value = Tensor<Shape, "fp16">;
const op = typed as unknown as Readonly<Record<string, (...operands: readonly unknown[]) => Value>>;
const split = typed.split as unknown as (x: Value, attrs: object) => readonly Value[];

/** What a graph of two inputs and two states is built from; each field is changed on its own. */
interface Parts {
  readonly name: string;
  readonly inputs: readonly [string, string];
  readonly order: "xy" | "yx";
  readonly dtype: DType;
  readonly states: readonly [string, string];
  readonly exits: "as they are" | "swapped";
  readonly result: (x: Value, y: Value) => Value;
  readonly outputs: readonly [string, string];
}
const PLAIN: Parts = {
  name: "g",
  inputs: ["x", "y"],
  order: "xy",
  dtype: "fp16",
  states: ["k", "v"],
  exits: "as they are",
  result: (x, y) => op.sub!(x, y),
  outputs: ["a", "b"],
};

function build(change: Partial<Parts>): Graph {
  const { name, inputs, order, dtype, states, exits, result, outputs } = { ...PLAIN, ...change };
  const [x, y] = inputs.map((called) => input(called, [2, 4], dtype) as Tensor as Value) as [Value, Value];
  const [k, v] = states.map((called): Value => state(called, [2, 4])) as [Value, Value];
  const [left, right] = exits === "swapped" ? [v, k] : [k, v];
  return graph({
    name,
    inputs: order === "xy" ? [x, y] : [y, x],
    states: [
      [k, left],
      [v, right],
    ],
    outputs: { [outputs[0]]: result(x, y), [outputs[1]]: op.add!(x, y) },
  });
}
const hash = (change: Partial<Parts> = PLAIN): string => graphHash(build(change));
const stored = (file: string, sha256: string, offset: number): Value =>
  ({
    ...weight("w", [2, 4]),
    def: { kind: "weight", source: { from: "package", file, sha256, offset } },
  }) as Tensor as Value;
const plus = (w: Value): Partial<Parts> => ({ result: (x) => op.add!(x, w) });

describe("graphs that compute the same have one hash", () => {
  test.each<readonly [string, Partial<Parts>, Partial<Parts>]>([
    ["whatever they are called", { name: "h" }, {}],
    ["whatever their values are called", { result: (x, y) => named("q", op.sub!(x, y)) }, {}],
    ["wherever a stored tensor lies", plus(stored("/a", "s", 1)), plus(stored("/b", "s", 2))],
    [
      "however their constants are stored",
      plus(constant([1, 2, 3, 4], [4])),
      plus(constant(Int8Array.of(1, 2, 3, 4), [4])),
    ],
  ])("%s", (_, a, b) => {
    expect(hash(a)).toBe(hash(b));
    expect(hash(a)).toMatch(/^[0-9a-f]{64}$/);
  });
});

test("any other graph has another", () => {
  const changes: readonly Partial<Parts>[] = [
    {},
    { inputs: ["x", "z"] },
    { inputs: ["y", "x"] },
    { order: "yx" },
    { dtype: "fp32" },
    { states: ["k", "w"] },
    { states: ["v", "k"] },
    { exits: "swapped" },
    { outputs: ["a", "c"] },
    { outputs: ["b", "a"] },
    { result: (x, y) => op.sub!(y, x) },
    { result: (x, y) => op.mul!(x, y) },
    { result: (x) => op.sub!(x, x) },
    { result: (x) => op.softmax!(x, { axis: 0 }) },
    { result: (x) => op.softmax!(x, { axis: 1 }) },
    { result: (x) => op.reshape!(x, { shape: [4, 2] }) },
    { result: (x) => op.reshape!(x, { shape: [8] }) },
    { result: (x) => split(x, { num_splits: 2, axis: 1 })[0]! },
    { result: (x) => split(x, { num_splits: 2, axis: 1 })[1]! },
    { result: (x) => split(x, { num_splits: 4, axis: 1 })[1]! },
    { result: (x) => split(x, { num_splits: 4, axis: 1 })[2]! },
    { result: (x, y) => op.concat!([x, y], { axis: 0 }) },
    { result: (x, y) => op.concat!([x, x, y], { axis: 0 }) },
    plus(constant([1, 2, 3, 4], [4]) as Value),
    plus(constant([1, 2, 4, 3], [4]) as Value),
    plus(weight("w", [4])),
    plus(weight("u", [4])),
    plus(weight("w", [2, 4])),
    plus(weight("w", [4], { rows: [0, 4] })),
    plus(stored("/a", "s", 1)),
    plus(stored("/a", "t", 1)),
  ];
  const hashes = changes.map(hash);
  expect(new Set(hashes).size).toBe(hashes.length);
});

describe("what is certified", () => {
  const common = {
    roles: [],
    preconditions: [{ id: "P2", says: "…" }],
    rules: { commute: 3 },
    sizes: { tokens: 2, slots: 8, terms: 5, compared: 4, segments: 1, distinct: 1 },
    milliseconds: 12,
  } as const;
  const corollary = { name: "capacity", holds: true, says: "…", needs: ["P2"] } as const;
  const proven = {
    ...common,
    verdict: "PROVEN",
    level: "reals",
    anyCacheSize: true,
    corollaries: [corollary],
  } as const;
  const graphs = { block: build({ name: "block" }), step: build({ name: "step", exits: "swapped" }) };
  const of = (verdict: object) => certificate(verdict as Verdict, graphs, "1.2.3");
  const { milliseconds: _, ...kept } = common;
  const base = {
    format: "graphc-certificate-1",
    tool: "1.2.3",
    block: { name: "block", sha256: hash() },
    step: { name: "step", sha256: hash({ exits: "swapped" }) },
    ...kept,
  };
  const claims = { level: "reals", anyCacheSize: true, corollaries: [{ name: "capacity", holds: true, says: "…" }] };

  test("of a proof: its level, its corollaries, and no time", () => {
    expect(of(proven)).toStrictEqual({ ...base, verdict: "PROVEN", ...claims });
  });

  test("a bound and a witness where there are some", () => {
    const witness = { seed: 3, style: {}, tokens: 2 };
    const attacked = { runs: 1, met: 1, small: true, witness };
    expect(of({ ...proven, gapBound: 4944, attacked })).toStrictEqual({
      ...base,
      verdict: "PROVEN",
      ...claims,
      gapBound: 4944,
      witness: { ...witness, small: true },
    });
    expect(of({ ...proven, attacked: { runs: 1, met: 0, small: true } })).not.toHaveProperty("witness");
  });

  test.each(["NOT PROVEN", "REFUTED"])("of a %s pair: no level, no corollaries", (verdict) => {
    expect(of({ ...common, verdict })).toStrictEqual({ ...base, verdict });
  });
});

test("a name that reads like a part of the text that is hashed is a name", () => {
  const one = (called: string, output: string): Graph => {
    const x = input(called, [2, 4]) as Tensor as Value;
    return graph({ name: "g", inputs: [x], outputs: { [output]: x } });
  };
  expect(graphHash(one("a", "o 0;in 0;out o"))).not.toBe(graphHash(one("a;in 0;out o 0", "o")));
  const two = (first: string, second: string): Graph => {
    const x = input("x", [2, 4]) as Tensor as Value;
    return graph({ name: "g", inputs: [x], outputs: second === "" ? { [first]: x } : { [first]: x, [second]: x } });
  };
  expect(graphHash(two("o 0;out p", ""))).not.toBe(graphHash(two("o", "p")));
});
