/** What is known of a pair before a term is made: the largest cache row, places of weights, tables that are constants. */
import { describe, expect, test } from "vitest";
import type { GivenRoles } from "../../../../src/dsl/role.ts";
import type { TensorType } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { provenPair, type Stored, type TableOf } from "../../../../src/passes/prove/program/pair.ts";
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
  expect(pair.given).toBe(given);
  expect(pair.roles.get("x")).toEqual({ kind: "rows", tokenAxis: 0, rope: "cos", source: "option" });
  expect("given" in made({})).toBe(false);
});

const TYPE: TensorType = { dtype: "fp16", shape: [2, 2] };
const stored = (file: string, offset: number): WeightSource => ({ from: "package", sha256: "s", file, offset });

const made = (known: Stored, make: (f: Feeds) => Results = (f) => f.x) => {
  const { block, step } = pairOf({ make }, 2, false);
  return provenPair(block, step, known);
};
