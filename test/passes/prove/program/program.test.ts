/** Block and steps side by side: what their elements are. */

import { describe, expect, test } from "vitest";
import { named, constant as numbers, type Tensor } from "../../../../src/dsl/tensor.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type Cut, type CutPairs, element } from "../../../../src/passes/prove/program/program.ts";
import { type Feeds, op, pairOf, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { programs, programsOf } from "../../../support/prove/programs.ts";
import { thrownBy } from "../../../support/prove/thrown.ts";

describe("leaves", () => {
  test("rows: those of step t are those of the block's token t", () => {
    const { p, at } = programs((f) => op.tanh(f.x), 3);
    const [inBlock, inStep] = [p.block.graph.inputs[0]!, p.steps[0]!.graph.inputs[0]!];
    const block = [0, 1, 2].map((t) => element(p, p.block, inBlock, at(t, 3)));
    expect(new Set(block).size).toBe(3);
    expect(p.steps.map((step) => element(p, step, inStep, at(0, 3)))).toEqual(block);
    expect(p.steps.map((step, t) => element(p, step, inStep, at(0, 3)) === block[t])).toEqual([true, true, true]);
  });

  test("a state: the old cache, then what the step before has left", () => {
    const { p, at } = programs((f) => ({ y: f.x, J: op.sin(f.state("J")), K: op.exp(f.state("K")) }), 3);
    const { entry, exit } = p.steps[0]!.graph.states[1]!;
    const place = at(2, 1);
    const entries = p.steps.map((step) => element(p, step, entry, place));
    const exits = p.steps.map((step) => element(p, step, exit, place));
    expect(entries[0]).toBe(element(p, p.block, p.block.graph.states[1]!.entry, place));
    expect([entries[1], entries[2]]).toEqual([exits[0], exits[1]]);
    expect([entries[1] === exits[0], entries[2] === exits[1], entries[1] === entries[2]]).toEqual([true, true, false]);
    expect(entries[0]).toMatchObject({ kind: "leaf", leaf: { of: "state", name: "K" }, ix: place });
  });

  test("a state that the step does not have stops the proof", () => {
    const { p, at } = programs((f) => ({ y: f.x, K: op.exp(f.state("K")) }), 2);
    const entry = p.steps[1]!.graph.states[0]!.entry;
    const before = { ...p.steps[0]!, graph: { ...p.steps[0]!.graph, states: [] } };
    const found = thrownBy(() => element(p, { ...p.steps[1]!, before, memo: new Map() }, entry, at(0, 0)));
    expect(found).toMatchObject({ opaque: { code: "missing state", name: "K" } });
  });

  test("constants are numbers, weights lie where it is said, tables are constants", () => {
    const make = (f: Feeds) => ({ y: f.x, a: op.mul(f.x, table_([5, 6, 7, 8], [4])) });
    const { p, at } = programsOf(pairOf({ make }, 2, false), { placeOf: () => ({ base: "all", offset: 10 }) });
    expect(element(p, p.block, table_([5, 6, 7, 8], [4]), at(2))).toMatchObject({ kind: "num", value: 7 });
    const leaf = element(p, p.block, W("w", [3, 4]), at(1, 2));
    expect(leaf).toMatchObject({ kind: "leaf", leaf: { of: "weight", base: "all" }, ix: at(16) });
    expect(element(p, p.block, W("v", [3, 4]), at(1, 2))).toBe(leaf);
    const stored = { ...W("w", [4]), def: { kind: "weight", source: FILE } } as Tensor;
    expect(element(p, p.block, stored, at(1))).toMatchObject({ kind: "leaf", leaf: { of: "weight" } });
    const known = programsOf(pairOf({ make }, 2, false), { tableOf: () => [1, 2, 3, 4] });
    expect(element(known.p, known.p.block, stored, at(1))).toMatchObject({ kind: "num", value: 2 });
  });

  test("a palettised weight is a weight as a whole", () => {
    const { p, at, s } = programs((f) => f.x, 2);
    const packed = (...places: readonly number[]): Value => {
      const indices = numbers(places, [places.length], "uint1" as never) as Tensor as Value;
      return op.constexpr_lut_to_dense(indices, table_([3, 5], [1, 2, 1]));
    };
    const read = (x: Value) => element(p, p.block, x, [ix.variable(s, "i", 4)]);
    const [a, b, c] = [read(packed(0, 1, 1, 0)), read(packed(0, 1, 1, 0)), read(packed(0, 1, 1, 1))];
    expect(a).toMatchObject({ kind: "leaf", leaf: { of: "weight" }, ix: [ix.variable(s, "i", 4)] });
    expect([a === b, a === c]).toEqual([true, false]);
    expect(element(p, p.block, packed(0, 1), at(1)).kind).toBe("leaf");
  });
});

describe("a cut", () => {
  const make = (f: Feeds) => op.tanh(named("b", op.exp(op.sin(f.x))));
  const above = (y: Tensor): Tensor => Object.values((y.def as { operands: Record<string, Tensor> }).operands)[0]!;
  const { block, step } = pairOf({ make }, 3, false);
  const [inBlock, inStep] = [above(block.outputs.y!), above(step.outputs.y!)];
  const cuts = (cut: Cut): CutPairs => ({ block: new Map([[inBlock, cut]]), step: new Map([[inStep, cut]]) });

  test("is a fresh input by its number: row t of the block is the row of step t", () => {
    const { p, at } = programsOf({ block, step }, {}, cuts({ number: 4, tokenAxis: 0 }));
    const rows = [0, 1, 2].map((t) => element(p, p.block, inBlock, at(t, 3)));
    expect(rows[2]).toMatchObject({ kind: "leaf", leaf: { of: "cut", number: 4, dtype: "fp16" }, ix: at(2, 3) });
    expect(p.steps.map((one, t) => element(p, one, inStep, at(0, 3)) === rows[t])).toEqual([true, true, true]);
    const other = element(
      p,
      { ...p.block, cuts: cuts({ number: 5, tokenAxis: 0 }).block, memo: new Map() },
      inBlock,
      at(0, 3),
    );
    expect(other).not.toBe(rows[0]);
  });

  test("without tokens is one input, whatever its place", () => {
    const { p, at } = programsOf({ block, step }, {}, cuts({ number: 0 }));
    expect(p.steps.map((one) => element(p, one, inStep, at(0, 3)))).toMatchObject(Array(3).fill({ ix: at(0, 3) }));
  });

  test("is cut into tokens where it is read at several; by name it is told where that cannot be", () => {
    const { p, s, at } = programsOf({ block, step }, {}, cuts({ number: 0, tokenAxis: 0 }));
    const [v, w] = [ix.variable(s, "v", 3), ix.variable(s, "w", 2)];
    const read = (value: Tensor, i: ix.Ix) => thrownBy(() => element(p, p.block, value, [i, ...at(0)]));
    expect(read(inBlock, v)).toMatchObject({ cases: { label: "v" }, starts: [1, 2] });
    expect(read(inBlock, ix.plus(s, v, w))).toMatchObject({ opaque: { code: "token row", of: "b" }, at: inBlock });
    const { name: _, ...unnamed } = inBlock;
    const bare = programsOf(
      { block, step },
      {},
      { ...cuts({ number: 0 }), block: new Map([[unnamed as Tensor, { number: 0, tokenAxis: 0 }]]) },
    );
    const i = ix.plus(bare.s, ix.variable(bare.s, "v", 3), ix.variable(bare.s, "w", 2));
    const found = thrownBy(() => element(bare.p, bare.p.block, unnamed as Tensor, [i, i]));
    expect(found).toMatchObject({ opaque: { code: "token row", of: "a value" } });
  });
});

const FILE = { from: "package", sha256: "s", file: "f", offset: 0 } as const;
