/** What makes parity say no: one fault for each thing that it claims to look at, in a pair that is equal without. */
import { describe, expect, test } from "vitest";
import { printParity } from "../../../src/cli/verdict/parity-text.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import * as graphc from "../../../src/index.ts";
import { type ParityReport, parity } from "../../../src/passes/parity/parity.ts";
import { pairOf } from "../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;
/** Shapes are those of this file's graphs: T and S are numbers here, and no types. */
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;
const [T, S] = [3, 24];
const { constant, graph, input, state } = graphc;

/** The values of the pair that a fault may change, in the block alone unless it says so. */
interface Parts {
  readonly x: Value;
  readonly mask: Value;
  readonly write: Value;
  readonly k: Value;
  readonly scores: Value;
  readonly y: Value;
  readonly z: Value;
  /** A recurrent state: of each token a share. */
  readonly h: Value;
}
type Fault = (name: keyof Parts, value: Value, parts: Partial<Parts>, tokens: number) => Value;

/** One head of attention on a cache that starts as garbage, an output beside it, and a state that every token moves. */
function layer(tokens: number, fault: Fault = (_, value) => value): Graph {
  const parts: { -readonly [K in keyof Parts]?: Value } = {};
  const part = (name: keyof Parts, value: Value): Value => {
    parts[name] = fault(name, value, parts, tokens);
    return parts[name];
  };
  const [fed, attn, slot] = [
    input("x", [1, 1, tokens, 4]),
    input("attn_mask", [1, 1, tokens, S]),
    input("kv_write_mask", [1, 1, S, tokens]),
  ] as const;
  const [x, mask, write] = [part("x", fed), part("mask", attn), part("write", slot)];
  const [old, older] = [state("k", [1, 1, S, 4]), state("h", [1, 4])];
  const kept = op.sub!(1, op.reduce_sum!(write, { axes: [3], keep_dims: true }));
  const k = part("k", op.add!(op.mul!(old, kept), op.matmul!(write, x)));
  const scores = part("scores", op.add!(op.matmul!(x, k, { transpose_y: true }), mask));
  const y = part("y", op.matmul!(op.softmax!(scores, { axis: 3 }), k));
  const z = part("z", op.mul!(x, 2));
  const h = part("h", op.mul!(older, 1));
  const result = { name: `g${tokens}`, inputs: [fed, attn, slot], outputs: { y, z } };
  return graph({
    ...result,
    states: [
      [old, k],
      [older, h],
    ],
  } as never);
}

const compared = (fault?: Fault, both = false): Promise<ParityReport> => {
  const step = layer(1, both ? fault : undefined);
  return parity(pairOf(layer(T, fault), step, 3), { seed: 3 });
};
/** Labels of the calls that differ, each once. */
const differing = ({ calls }: ParityReport): readonly string[] => [
  ...new Set(
    calls
      .filter((c) => c.counts === "yes" && [...c.tokens, ...c.states].some(({ equal }) => !equal))
      .map(({ call }) => call.label),
  ),
];
const only =
  (name: keyof Parts, change: (value: Value, parts: Partial<Parts>) => Value): Fault =>
  (at, value, parts) =>
    at === name ? change(value, parts) : value;
/** A tensor of zeros with one `by` at a place. */
const spot = (shape: readonly number[], at: number, by: number): Value => {
  const size = shape.reduce((n, x) => n * x, 1);
  return constant(
    Array.from({ length: size }, (_, i) => (i === at ? by : 0)),
    shape,
  ) as unknown as Value;
};
const wholeSum = (x: Value): Value => op.reduce_sum!(x, { axes: [0, 1, 2, 3], keep_dims: true });
/** Over all cache rows, a number a token. */
const rowSum = (scores: Value): Value => op.reduce_sum!(scores, { axes: [3], keep_dims: true });
/** 1 where it holds, of one element. */
const when = (condition: Value): Value => op.cast!(condition, { dtype: "fp16" });

test("the pair is equal, and what was exercised is told", async () => {
  const report = await compared();
  expect(report.equal).toBe(true);
  expect(report.exercised).toEqual({
    calls: 19,
    tokens: 51,
    seeds: [3, 4, 5],
    seen: [1, S],
    oldRowsShut: true,
    lastRow: S - 1,
    rejected: 8,
    deadColumns: 6,
    deadBeforeLive: 2,
    largest: [expect.closeTo(0.025, 3), expect.closeTo(55.4, 1)],
    wholeNumbers: [],
    dropped: [23904, 2988, 373.5].map((largest) => ({ largest, why: "not finite" })),
    notFinite: 0,
    beyondMask: 0,
  });
  const text = printParity(report, { name: "g", weights: "none", seconds: 0 }).replace(/\s+/g, " ");
  expect(text).toContain(
    "exercised: 51 tokens in 19 calls, seeds 3, 4, 5; 1 to 24 cache rows shown; old rows shut from some tokens; row 23, the last of the cache as its interface tells, written; 8 tokens rejected; 6 dead columns (2 before a live one); largest |x| of a call 0.0251 to 55.4; rows up to 23900, 2990 and 374 were dropped: not finite EQUAL:",
  );
});

const MOST = "last block that fits";
describe("parity says no to", () => {
  test.each<readonly [string, Fault, (found: readonly string[]) => void]>([
    [
      "one element of an output",
      only("y", (y) => op.add!(y, spot([1, 1, T, 4], 7, 0.01))),
      (found) => expect(found).toContain("first block"),
    ],
    [
      "the last row of another output",
      only("z", (z) => op.add!(z, spot([1, 1, T, 4], 4 * T - 1, 0.01))),
      (found) => expect(found).toContain(MOST),
    ],
    [
      "a cache row that nobody has written",
      only("k", (k) => op.mul!(k, op.add!(spot([1, 1, S, 1], S - 1, 1), 1))),
      (found) => expect(found[0]).toBe("first block"),
    ],
    [
      "an element of a state without rows",
      only("h", (h) => op.add!(h, spot([1, 4], 2, 0.5))),
      (found) => expect(found[0]).toBe("first block"),
    ],
    [
      "a block whose first token is dead",
      only("write", (write) => {
        const first = op.slice_by_size!(op.reduce_sum!(write, { axes: [2], keep_dims: true }), [0, 0, 0, 0], {
          size: [1, 1, 1, 1],
        });
        return op.mul!(write, first);
      }),
      (found) => expect(found[0]).toBe("dead columns before live ones"),
    ],
    [
      "large rows",
      only("x", (x) => op.clip!(x, { alpha: -20, beta: 20 })),
      (found) => expect(found[0]).toBe("dead columns before live ones"),
    ],
    [
      "small rows",
      only("x", (x) => {
        const small = op.less!(op.reduce_max!(op.abs!(x), { axes: [0, 1, 2, 3], keep_dims: true }), 0.05);
        return op.mul!(x, op.sub!(1, when(small)));
      }),
      (found) => expect(found).toContain("block 3 after a rejection"),
    ],
    [
      "scores far below 0",
      only("y", (y, { scores }) => {
        const numbers = op.select!(op.less!(scores!, -5000), op.mul!(scores!, 0), scores!);
        return op.add!(y, when(op.less!(op.reduce_min!(numbers, { axes: [0, 1, 2, 3], keep_dims: true }), -200)));
      }),
      (found) => expect(found.length).toBeGreaterThan(0),
    ],
    [
      "scores far above 0",
      only("scores", (scores) => op.minimum!(scores, 60)),
      (found) => expect(found.length).toBeGreaterThan(0),
    ],
    [
      "a cache of which every row is shown",
      only("y", (y, { mask }) => {
        const closed = wholeSum(when(op.less!(mask!, -1)));
        return op.add!(y, when(op.less!(closed, 3.5)));
      }),
      (found) => expect(found).toEqual(["block 3 after a rejection"]),
    ],
    [
      "the last row written",
      only("z", (z, { write }) => {
        const last = op.slice_by_size!(write, [0, 0, S - 1, 0], { size: [1, 1, 1, T] });
        return op.add!(z, wholeSum(last));
      }),
      (found) => expect(found).toContain(MOST),
    ],
  ])("%s", async (_, fault, expected) => {
    const report = await compared(fault);
    expect(report.equal).toBe(false);
    expected(differing(report));
  });
});

test("a shared input is another at the next block, so that a cache of it is no stack of equal rows", async () => {
  const hotter = layer(
    1,
    only("scores", (scores) => op.mul!(scores, 3)),
  );
  const report = await parity(pairOf(hotter, layer(1), 3), { seed: 3 });
  expect(differing(report)).toContain("token 2");
});

test("rejected rows of a cache whose rows are its last axis count for nothing", async () => {
  const turned = (tokens: number): Graph => {
    const [x, mask, write] = [
      input("x", [1, 1, tokens, 4]),
      input("attn_mask", [1, 1, tokens, S]),
      input("kv_write_mask", [1, 1, S, tokens]),
    ] as const;
    const old = state("k", [1, 1, 4, S]);
    const kept = op.transpose!(op.sub!(1, op.reduce_sum!(write, { axes: [3], keep_dims: true })), {
      perm: [0, 1, 3, 2],
    });
    const k = op.add!(op.mul!(old, kept), op.transpose!(op.matmul!(write, x), { perm: [0, 1, 3, 2] }));
    const y = op.matmul!(op.softmax!(op.add!(op.matmul!(x, k), mask), { axis: 3 }), k, { transpose_y: true });
    return graph({ name: `g${tokens}`, inputs: [x, mask, write], states: [[old, k]], outputs: { y } } as never);
  };
  const report = await parity(pairOf(turned(T), turned(1), 3), { seed: 3 });
  expect([report.equal, differing(report)]).toEqual([true, []]);
  expect(report.exercised.rejected).toBeGreaterThan(0);
});

describe("what is not finite", () => {
  const text = (report: ParityReport) => printParity(report, { name: "g", weights: "none", seconds: 0 });
  test("is no yes, though the bits are equal", async () => {
    const nothing = await compared(
      only("z", (z) => op.real_div!(op.mul!(z, 0), op.mul!(z, 0))),
      true,
    );
    expect([nothing.equal, nothing.exercised.calls, differing(nothing)]).toEqual([false, 0, []]);
    expect(text(nothing)).toMatch(/^NOT FINITE: call "first block" gives an infinity or NaN/m);
  });

  test("ends a pass, and a yes stands where usual rows are finite", async () => {
    // A cube is finite up to 40.
    const cube = await compared(
      only("z", (z) => op.mul!(z, op.mul!(z, z))),
      true,
    );
    expect(cube.equal).toBe(true);
    expect(cube.exercised.largest[1]).toBeLessThan(20);
    expect(cube.exercised.largest[1]).toBeGreaterThan(4);
  });

  test("in a state counts as well", async () => {
    const state = await compared(
      only("h", (h) => op.real_div!(h, 0)),
      true,
    );
    expect([state.equal, state.exercised.notFinite > 0]).toEqual([false, true]);
  });
});

describe("what a mask shuts", () => {
  /** The same in block and steps; it shuts out less than rows of usual size give, times some. */
  const weak: Fault = (name, value, parts) => {
    if (name === "mask") return op.mul!(value, 0.005);
    // A token's own score is then below 0, and the others' are about it.
    return name === "scores" ? op.sub!(op.mul!(parts.mask!, 2), value) : value;
  };
  test("shows where rows are large: smaller ones are fed", async () => {
    const report = await compared(weak, true);
    expect([report.equal, report.exercised.notFinite, report.exercised.beyondMask]).toEqual([true, 0, 0]);
    expect((await compared()).exercised.largest[1]).toBeGreaterThan(50);
    expect(report.exercised.largest[1]).toBeLessThan(7);
  });

  test("and where it shuts out nothing of them, the calls count for nothing", async () => {
    const shown = only("z", (z, { scores, mask }) => op.add!(z, rowSum(op.sub!(scores!, mask!))));
    const report = await compared(shown, true);
    expect([report.equal, report.exercised.beyondMask]).toEqual([false, 1]);
    expect(printParity(report, { name: "g", weights: "none", seconds: 0 })).toMatch(
      /rows that a mask\s+shuts show, which count for nothing/,
    );
  });

  test("does not excuse a difference that has another cause", async () => {
    const first = spot([1, 1, T, 4], 0, 1);
    const wrong: Fault = (name, value, parts, tokens) =>
      name === "z" && tokens === T ? op.add!(value, first) : weak(name, value, parts, tokens);
    const report = await parity(pairOf(layer(T, wrong), layer(1, weak), 3), { seed: 3 });
    expect([report.equal, differing(report).includes("first block")]).toEqual([false, true]);
  });
});

test("a whole number whose role nobody states is asked for", async () => {
  const of = (tokens: number) => {
    const [x, n] = [input("x", [1, 1, tokens, 4]), input("n", [tokens], "int32")];
    return graph({ name: "g", inputs: [x, n], outputs: { y: op.mul!(x, 2) } } as never);
  };
  await expect(parity(pairOf(of(T), of(1), 3))).rejects.toThrow('what the host feeds to input "n"');
});
