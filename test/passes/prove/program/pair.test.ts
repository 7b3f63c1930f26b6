/** What is known of a pair before a term is made: the largest cache row, places of weights, tables that are constants. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import type { GivenRoles } from "../../../../src/dsl/role.ts";
import { input, state } from "../../../../src/dsl/tensor.ts";
import type { DType, TensorType } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { provenPair, type Stored } from "../../../../src/passes/prove/program/pair.ts";
import { checkProvable } from "../../../../src/passes/prove/program/reach.ts";
import type { TableOf } from "../../../../src/passes/prove/program/unpacked.ts";
import { type Feeds, op, pairOf, type Results } from "../../../support/prove/corpus/fault.ts";

describe("the largest cache row", () => {
  const INT32_MAX = 2 ** 31 - 1;
  test.each<readonly [says: string, make: (f: Feeds) => Results, expected: number]>([
    ["no cache", (f) => f.x, INT32_MAX],
    ["of an attention mask, after rows", (f) => ({ y: f.x, m: op.mul(f.mask(), 2) }), 4],
    ["of a bool mask", (f) => ({ y: f.x, m: op.cast(f.mask("bool"), { dtype: "fp16" }) }), 4],
    ["of a write mask", (f) => ({ y: f.x, m: op.mul(f.write, 2) }), 4],
    ["of a mask, whatever the states are", (f) => ({ y: f.x, m: op.mul(f.mask(), 2), K: f.state("K", [9, 4]) }), 4],
    ["the longest axis of a state", (f) => ({ y: f.x, K: f.state("K", [3, 7]) }), 6],
    ["the longest axis of any state", (f) => ({ y: f.x, K: f.state("K", [3, 2]), L: f.state("L", [8, 4, 4]) }), 7],
    ["of a state of one element", (f) => ({ y: f.x, K: f.state("K", [1]) }), 0],
  ])("%s", (_, make, expected) => expect(made({}, make).lastRow).toBe(expected));
});

describe("the sizes of caches", () => {
  test.each<readonly [says: string, make: (f: Feeds) => Results, expected: readonly number[]]>([
    ["none", (f) => f.x, []],
    [
      "the rows that a mask tells, whichever axis they are",
      (f) => ({ y: f.x, m: op.mul(f.mask(), 2), K: f.state("K", [5, 3, 4]) }),
      [5],
    ],
    [
      "of a state without so many the last axis but one",
      (f) => ({ y: f.x, m: op.mul(f.mask(), 2), K: f.state("K", [9, 4]) }),
      [9],
    ],
    [
      "without a mask the last axis but one",
      (f) => ({ y: f.x, K: f.state("K", [2, 3, 7]), L: f.state("L", [8, 4]) }),
      [3, 8],
    ],
    [
      "no axis of one row, and no state without rows",
      (f) => ({ y: f.x, K: f.state("K", [1, 4]), L: f.state("L", [6]) }),
      [],
    ],
  ])("%s", (_, make, expected) => expect([...made({}, make).cacheSizes]).toEqual(expected));

  test("a mean over rows in the step alone, or in the block alone, is one of the pair", () => {
    const of = (tokens: number, mean: boolean) => {
      const [x, k] = [input("x", [tokens, 4]), state("K", [5, 4])];
      const y = mean ? op.mul(x, op.reduce_mean(k, { axes: [0], keep_dims: true })) : x;
      return graph({ name: "g", inputs: [x], states: [[k, k]], outputs: { y } });
    };
    const said = [false, true].flatMap((block) =>
      [false, true].map((step) => provenPair(of(2, block), of(1, step)).rowMeans),
    );
    expect(said).toEqual([false, true, true, true]);
  });
});

test("blocks beyond reach are refused at their number of tokens", () => {
  expect(() => checkProvable(1024)).not.toThrow();
  expect(() => checkProvable(1025)).toThrow("blocks of 1025 tokens is out of reach");
});

test("an int8 input that is no position bounds no row", () => {
  const of = (tokens: number) => {
    const [x, k, table] = [input("x", [tokens, 4]), state("K", [200, 4]), input("table", [4], "int8")];
    return graph({
      name: "g",
      inputs: [x, table],
      states: [[k, k]],
      outputs: { y: op.mul(x, op.cast(table, { dtype: "fp16" })) },
    });
  };
  const given: GivenRoles = new Map([["table", { facts: { kind: "shared" }, source: "option" }]]);
  expect(provenPair(of(2), of(1), { given }).lastRow).toBe(199);
});

test.each<readonly [DType, number]>([
  ["int8", 127],
  ["int16", 199],
  ["int32", 199],
])("a position of type %s names rows up to %i of a cache of 200", (dtype, last) => {
  const of = (tokens: number) => {
    const [x, k, position] = [input("x", [tokens, 4]), state("K", [200, 4]), input("position", [tokens], dtype)];
    const y = op.mul(x, op.cast(op.expand_dims(position, { axes: [1] }), { dtype: "fp16" }));
    return graph({ name: "g", inputs: [x, position], states: [[k, k]], outputs: { y } });
  };
  const given: GivenRoles = new Map([["position", { facts: { kind: "position" }, source: "option" }]]);
  expect(provenPair(of(2), of(1), { given }).lastRow).toBe(last);
});

describe("weights", () => {
  test("are themselves, and no constants, where nothing is said", () => {
    const { placeOf, tableOf } = made({});
    expect(placeOf({ from: "checkpoint", tensor: "w", rows: [2, 4] }, TYPE)).toEqual({ base: "w", offset: 4 });
    expect(tableOf(stored("f", 0), TYPE)).toBeUndefined();
  });

  test("lie where it is said that they lie", () => {
    const { placeOf } = made({ placeOf: () => ({ base: "all", offset: 7 }) });
    expect(placeOf({ from: "checkpoint", tensor: "w" }, TYPE)).toEqual({ base: "all", offset: 7 });
  });

  test("that are tables are read once each, by file and offset", () => {
    const asked: string[] = [];
    const { tableOf } = made({
      tableOf: (source) => {
        if (source.from !== "package") throw new Error("only packages hold tables");
        asked.push(`${source.file} ${source.offset}`);
        return source.offset === 8 ? undefined : [source.offset, source.file.length];
      },
    });
    const answers = () => [stored("f", 0), stored("f", 8), stored("ff", 0)].map((source) => tableOf(source, TYPE));
    expect([answers(), answers()]).toEqual(Array(2).fill([[0, 1], undefined, [0, 2]]));
    expect(asked).toEqual(["f 0", "f 8", "ff 0"]);
  });

  test("of a checkpoint are no tables, whatever is said", () => {
    const says: TableOf = () => [1];
    expect(made({ tableOf: says }).tableOf({ from: "checkpoint", tensor: "w" }, TYPE)).toBeUndefined();
  });
});

test("roles that are stated outside the graphs are used, and kept for graphs of other sizes", () => {
  const given: GivenRoles = new Map([["x", { facts: { kind: "rows", rope: "cos" }, source: "option" }]]);
  const pair = made({ given });
  expect(pair.given).toEqual(given);
  expect(pair.roles.get("x")).toEqual({ kind: "rows", tokenAxis: 0, rope: "cos", source: "option" });
  expect("given" in made({})).toBe(false);
});

const TYPE: TensorType = { dtype: "fp16", shape: [2, 2] };
const stored = (file: string, offset: number): WeightSource => ({ from: "package", sha256: "s", file, offset });

const made = (known: Stored, make: (f: Feeds) => Results = (f) => f.x) => {
  const { block, step } = pairOf({ make }, 2, false);
  return provenPair(block, step, known);
};
