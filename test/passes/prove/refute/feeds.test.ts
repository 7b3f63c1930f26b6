/** What the host feeds to block and steps: the block's feed is that of the steps, token by token, as the roles say. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { type Twins, twinsOf } from "../../../../src/dsl/host/twins.ts";
import { constant, input, named } from "../../../../src/dsl/tensor.ts";
import { rowOf } from "../../../../src/passes/interpret/array.ts";
import {
  fedRows,
  feeds,
  keyOfInput,
  keyOfState,
  keyOfWeight,
  nameOf,
  type Sample,
} from "../../../../src/passes/prove/refute/feeds.ts";

const S = 5;
const T = 3;
const MASKED_OUT = -10_000;

/** Rows in the middle of other axes and at the ends, masks of both kinds and both ways round, positions, what is shared. */
const built = (tokens: number) => {
  const inputs = [
    input("x", [2, tokens, 4]),
    input("deep", [2, 3, tokens, 2, 2]),
    input("last", [3, tokens]),
    input("ids", [tokens], "int32", { role: "rows" }),
    input("table", [2, 3]),
    input("pos", [tokens, 1], "int32"),
    input("attn_mask", [1, tokens, S]),
    input("turned", [S, tokens], "bool", { role: { kind: "mask", tokenAxis: 1, slotAxis: 0 } }),
    input("kv_write_mask", [1, S, tokens]),
  ];
  return graph({ name: `g${tokens}`, inputs, outputs: { y: inputs[0]! } });
};
const twins: Twins = twinsOf(built(T), built(1));

const count = (n: number, from: number) => Float64Array.from({ length: n }, (_, k) => from + k);
const ROWS = [3, 0, 4];
const sample: Sample = {
  arrays: new Map([
    [keyOfInput("x"), count(2 * T * 4, 100)],
    [keyOfInput("deep"), count(2 * 3 * T * 4, 200)],
    [keyOfInput("last"), count(3 * T, 300)],
    [keyOfInput("ids"), count(T, 400)],
    [keyOfInput("table"), count(6, 500)],
  ]),
  rows: ROWS,
  // Row 1 is open and row 2 shut; what is said of the rows of tokens holds for later tokens.
  visible: new Map([
    ["attn_mask", [true, true, false, false, true]],
    ["turned", [false, false, true, true, false]],
  ]),
};

const block = feeds(twins.block, twins, sample, 0);
const steps = ROWS.map((_, t) => feeds(twins.step, twins, sample, t));

describe("the row of token t in the block is all that step t is fed", () => {
  test.each<readonly [string, number]>([
    ["x", 1],
    ["deep", 2],
    ["last", 1],
    ["ids", 0],
    ["pos", 0],
    ["attn_mask", 1],
    ["turned", 1],
    ["kv_write_mask", 2],
  ])("%s", (name, axis) => {
    for (const [t, step] of steps.entries()) expect([...rowOf(block[name]!, axis, t)]).toEqual([...step[name]!.data]);
  });

  test("and every input of either graph is fed in its type", () => {
    for (const [fed, graph] of [[block, twins.block], ...steps.map((s) => [s, twins.step] as const)] as const)
      expect(Object.entries(fed).map(([name, { dtype, shape }]) => [name, { dtype, shape }])).toEqual(
        graph.inputs.map((x) => [x.name, x.type]),
      );
  });
});

describe("the block is fed", () => {
  test.each(["x", "deep", "last", "ids"])("the rows of %s as they stand in the sample", (name) => {
    expect(block[name]!.data).toEqual(sample.arrays.get(keyOfInput(name)));
  });

  test("what is shared as it stands, at every call", () => {
    for (const fed of [block, ...steps]) expect(fed.table!.data).toEqual(count(6, 500));
  });

  test("the cache row of every token", () => {
    expect([...block.pos!.data]).toEqual(ROWS);
  });

  test("a 1 where a token writes", () => {
    for (let slot = 0; slot < S; slot++)
      for (let t = 0; t < T; t++) expect(block.kv_write_mask!.data[slot * T + t]).toBe(ROWS[t] === slot ? 1 : 0);
  });

  /** By token: `o` is open, `.` is shut. Token 0 owns row 3, token 1 row 0 and token 2 row 4. */
  test.each<readonly [string, number, number, readonly string[]]>([
    ["attn_mask", 0, MASKED_OUT, [".o.o.", "oo...", "oo..o"]],
    ["turned", 1, 0, ["..oo.", "o.oo.", "..ooo"]],
  ])("%s open at a token's own row, shut at those of later ones, else as the host says", (name, open, shut, seen) => {
    for (const [t, row] of seen.entries())
      expect([...rowOf(block[name]!, 1, t)]).toEqual([...row].map((x) => (x === "o" ? open : shut)));
  });
});

test("a block with one position is told the first token's, and a step its own", () => {
  const make = (tokens: number) => {
    const inputs = [input("x", [tokens, 2]), input("pos", [1], "int32")];
    return graph({ name: "g", inputs, outputs: { y: inputs[0]! } });
  };
  const pair = twinsOf(make(3), make(1));
  const told = { ...sample, arrays: new Map([[keyOfInput("x"), count(6, 0)]]), rows: [7, 8, 9] };
  expect([...feeds(pair.block, pair, told, 0).pos!.data]).toEqual([7]);
  expect([0, 1, 2].map((t) => [...feeds(pair.step, pair, told, t).pos!.data])).toEqual([[7], [8], [9]]);
});

test("rows of a single token stand as they are, however long the axis that is said to be the tokens'", () => {
  const x = input("x", [2, 4], "fp16", { role: { kind: "rows", tokenAxis: 1 } });
  const single = graph({ name: "g", inputs: [x], outputs: { y: x } });
  const pair = twinsOf(single, single);
  const told = { ...sample, arrays: new Map([[keyOfInput("x"), count(8, 0)]]) };
  expect(feeds(pair.step, pair, told, 0).x!.data).toEqual(count(8, 0));
});

test("names of an input, a state and a weight that are the same are three", () => {
  const keys = ["a", "b"].flatMap((name) => [keyOfInput(name), keyOfState(name), keyOfWeight(name)]);
  expect(new Set(keys).size).toBe(6);
});

test("the name of a value is its own, empty where it has none", () => {
  expect([nameOf(input("x", [1])), nameOf(constant([1], [1])), nameOf(named("c", constant([1], [1])))]).toEqual([
    "x",
    "",
    "c",
  ]);
});

test("inputs come in their order with their roles", () => {
  expect(fedRows(twins.block, twins.roles).map(({ value, role }) => [value.name, role.kind])).toEqual([
    ["x", "rows"],
    ["deep", "rows"],
    ["last", "rows"],
    ["ids", "rows"],
    ["table", "shared"],
    ["pos", "position"],
    ["attn_mask", "mask"],
    ["turned", "mask"],
    ["kv_write_mask", "write_mask"],
  ]);
});
