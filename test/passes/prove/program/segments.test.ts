/** Parts of a proof: results that depend on the same cuts go together, and a signature tells all but names. */
import { describe, expect, test } from "vitest";
import { named, type Tensor } from "../../../../src/dsl/tensor.ts";
import { cutPairs, findCuts } from "../../../../src/passes/prove/program/cuts.ts";
import { provenPair, type Stored } from "../../../../src/passes/prove/program/pair.ts";
import { resultPairs } from "../../../../src/passes/prove/program/results.ts";
import { type Segment, segmentsOf } from "../../../../src/passes/prove/program/segments.ts";
import {
  type Fault,
  type Feeds,
  op,
  pairOf,
  type Results,
  split,
  table_,
  type Value,
  W,
} from "../../../support/prove/corpus/fault.ts";
import { SEGMENT } from "../../../support/prove/corpus/segment.ts";

const layer = (h: Value, name: string): Value => named(name, op.add(h, op.tanh(h)));

test("results that depend on the same cut are proven together, in the order in which they are given", () => {
  const make = (f: Feeds) => {
    const a = layer(f.x, "a");
    const b = layer(a, "b");
    const K = op.scatter(f.state("K"), f.at, op.exp(a), { axis: 0, mode: "update" });
    return { p: op.exp(f.z), q: op.sin(a), r: op.mul(op.cos(a), a), y: op.tanh(b), K, z: f.z };
  };
  expect(cutSegments({ make }).map(({ pairs }) => pairs.map((pair) => pair.name))).toEqual([
    ["a", "p", "z"],
    ["b", "K", "q", "r"],
    ["y"],
  ]);
});

test("a value that is read again and again is walked through once", () => {
  const make = ({ x }: Feeds) => Array.from({ length: 30 }).reduce<Value>((h) => op.add(h, h), x);
  expect(signature(make)).toBe(signature(make));
});

describe("the last layer of a stack has the signature of the one before", () => {
  const last = (fault: Fault, bad: boolean) => {
    const of = (name: string) =>
      cutSegments(fault, {}, bad).find(({ pairs }) => pairs.some((pair) => pair.name === name))!.signature;
    return of("value 2") === of("value 1");
  };
  test.each(Object.entries(SEGMENT))("but for %s", (_, fault) => {
    expect([last(fault, false), last(fault, true)]).toEqual([true, false]);
  });
});

const scattered = (f: Feeds, K: Value, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });
const read = (f: Feeds, K: Value): Value => op.gather(K, f.at, { axis: 0 });
const thirds = (f: Feeds): readonly Value[] =>
  split(op.linear(f.x, W("w", [6, 4])), { split_sizes: [2, 2, 2], axis: 1 });
const product = (a: Value, b: Value): Value => op.mul(a, op.tanh(b));

const weighed = (a: string, b: string) => (f: Feeds) => op.mul(f.x, product(W(a, [1, 4]), W(b, [1, 4])));
const cached = (a: string, b: string) => (f: Feeds) => read(f, product(f.state(a), f.state(b)));
const part = (k: number) => (f: Feeds) => op.mul(f.x, W("w", [1, 4], { rows: [k, k + 1] }));

type Pairs = readonly (readonly [says: string, a: (f: Feeds) => Results, b: (f: Feeds) => Results])[];

const EQUAL: Pairs = [
  ["of a weight", (f) => op.linear(f.x, W("a", [4, 4])), (f) => op.linear(f.x, W("b", [4, 4]))],
  ["of two weights", weighed("a", "b"), weighed("b", "a")],
  ["of a state", (f) => read(f, f.state("K")), (f) => read(f, f.state("L"))],
  ["of rows", (f) => op.tanh(f.x), (f) => op.tanh(f.z)],
  ["of two inputs of rows", (f) => product(f.x, f.z), (f) => product(f.z, f.x)],
  ["of a value", (f) => layer(f.x, "a"), (f) => layer(f.x, "b")],
];

test.each(EQUAL)("another name %s is no difference", (_, a, b) => {
  expect(signature(a, ["y"])).toBe(signature(b, ["y"]));
});

const DIFFERENT: Pairs = [
  ["one weight for two", weighed("a", "a"), weighed("a", "b")],
  ["one state for two", cached("K", "K"), cached("K", "L")],
  ["one input for two", (f) => product(f.x, f.x), (f) => product(f.x, f.z)],
  ["other parts of one tensor", part(0), part(1)],
  [
    "another input that all calls share",
    (f) => op.mul(f.x, f.shared("s", [4])),
    (f) => op.mul(f.x, f.shared("t", [4])),
  ],
  ["another shape", (f) => op.mul(f.x, W("w", [1, 4])), (f) => op.mul(f.x, W("w", [4]))],
  [
    "another dtype",
    (f) => op.mul(f.x, table_([1], [1])),
    (f) => op.mul(f.x, op.cast(table_([1], [1], "int32"), { dtype: "fp16" })),
  ],
  ["another number", (f) => op.mul(f.x, 2), (f) => op.mul(f.x, 3)],
  ["another sign of zero", (f) => op.mul(f.x, 0), (f) => op.mul(f.x, table_([-0], []))],
  ["another attribute", (f) => op.clip(f.x, { alpha: 0, beta: 1 }), (f) => op.clip(f.x, { alpha: -0, beta: 1 })],
  [
    "an infinite attribute",
    (f) => op.clip(f.x, { alpha: 0, beta: 1 }),
    (f) => op.clip(f.x, { alpha: 0, beta: Infinity }),
  ],
  ["another function", (f) => op.sin(f.x), (f) => op.cos(f.x)],
  ["operands turned round", (f) => op.sub(op.sin(f.x), f.x), (f) => op.sub(f.x, op.sin(f.x))],
  ["another of three parts", (f) => thirds(f)[1]!, (f) => thirds(f)[2]!],
  ["the first of three parts", (f) => thirds(f)[0]!, (f) => thirds(f)[1]!],
  [
    "parts in another order",
    (f) => op.concat(thirds(f), { axis: 1 }),
    (f) => op.concat(thirds(f).toReversed(), { axis: 1 }),
  ],
  ["a token axis and none", (f) => op.tanh(f.x), (f) => op.tanh(f.shared("s", [2, 4]))],
];

test.each(DIFFERENT)("%s is a difference", (_, a, b) => expect(signature(a)).not.toBe(signature(b)));

test.each(["block", "step"] as const)("what differs in the %s alone is a difference", (where) => {
  const make = (f: Feeds, bad: boolean) => op.mul(f.x, bad ? 2 : 3);
  expect(signatureOf({ make, where }, true)).not.toBe(signatureOf({ make, where }, false));
});

describe("what a state holds when the next step begins", () => {
  /** Both candidates are in the segment in any case: only which of them is the exit tells the two apart. */
  const exits = (second: boolean) => (f: Feeds) => {
    const K = scattered(f, f.state("K"), f.x);
    const half = op.mul(K, 0.5);
    return { y: product(read(f, half), read(f, K)), K: second ? half : K };
  };
  test("is a difference though nothing else is", () => {
    expect(signature(exits(false), ["y"])).not.toBe(signature(exits(true), ["y"]));
    expect(signature(exits(true), ["y"])).toBe(signature(exits(true), ["y"]));
  });

  const scaled = (by: number) => (f: Feeds) => ({ y: read(f, f.state("K")), K: op.mul(f.state("K"), by) });
  test("is one where the step reads the state", () => {
    expect(signature(scaled(2), ["y"])).not.toBe(signature(scaled(3), ["y"]));
    const other = (by: number) => (f: Feeds) => ({ ...scaled(by)(f), y: read(f, f.state("L")), L: f.state("L") });
    expect(signature(other(2), ["y"])).toBe(signature(other(3), ["y"]));
  });

  test("is none where only the block reads it", () => {
    const fault = (by: number): Fault => ({
      make: scaled(by),
      step: (f) => ({ y: op.mul(f.x, 1), K: op.mul(f.state("K"), by) }),
    });
    expect(signatureOf(fault(2), false, ["y"])).toBe(signatureOf(fault(3), false, ["y"]));
  });
});

describe("stored tensors", () => {
  const stored = (file: string): Value =>
    ({
      ...W("w", [4]),
      def: { kind: "weight", source: { from: "package", sha256: file, file, offset: 0 } },
    }) as Tensor as Value;
  const of = (file: string, known: Stored) =>
    signatureOf({ make: (f) => op.mul(f.x, stored(file)) }, false, ["y"], known);

  test("are told by their numbers where they are constants, else not", () => {
    const tables: Stored = {
      tableOf: (source) => (source.from === "package" ? [source.file.length, 0, 0, 0] : undefined),
    };
    expect(of("a", tables)).toBe(of("b", tables));
    expect(of("a", tables)).not.toBe(of("bb", tables));
    expect(of("a", {})).toBe(of("bb", {}));
    expect(of("a", {})).not.toBe(of("a", tables));
  });

  test("are told by where they begin in what they are parts of", () => {
    const at = (offset: number): Stored => ({ placeOf: () => ({ base: "all", offset }) });
    expect(of("a", at(4))).toBe(of("b", at(4)));
    expect(of("a", at(4))).not.toBe(of("a", at(8)));
  });
});

function cutSegments(fault: Fault, known: Stored = {}, bad = false): readonly Segment[] {
  const { block, step } = pairOf(fault, 2, bad);
  const pair = provenPair(block, step, known);
  const cuts = findCuts(pair);
  return segmentsOf([...cuts, ...resultPairs(pair)], cutPairs(cuts), pair);
}

/** The signature of some results of a pair, or of all, that is cut nowhere. */
function signatureOf(fault: Fault, bad: boolean, names?: readonly string[], known: Stored = {}): string {
  const { block, step } = pairOf(fault, 2, bad);
  const pair = provenPair(block, step, known);
  const results = resultPairs(pair).filter(({ name }) => names?.includes(name) ?? true);
  const segments = segmentsOf(results, cutPairs([]), pair);
  expect(segments).toHaveLength(1);
  return segments[0]!.signature;
}

const signature = (make: (f: Feeds) => Results, names?: readonly string[]): string =>
  signatureOf({ make }, false, names);
