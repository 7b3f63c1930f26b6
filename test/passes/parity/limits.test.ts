/** Where a parity run must not say no, must not say yes, and must tell what it left out. */
import { describe, expect, test } from "vitest";
import { printParity } from "../../../src/cli/verdict/parity-text.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import { twinsOf } from "../../../src/dsl/host/twins.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import * as graphc from "../../../src/index.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { contractProblems } from "../../../src/passes/parity/contract-check.ts";
import { type Feed, feed, type Source, sees } from "../../../src/passes/parity/feeds.ts";
import { type ParityReport, parity } from "../../../src/passes/parity/parity.ts";
import type { Arrays, RunnableGraphs } from "../../../src/passes/parity/runner.ts";
import { abilitiesOf } from "../../../src/passes/parity/sequence.ts";
import { pairOf } from "../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;
/** Shapes are those of this file's graphs: T and S are numbers here, and no types. */
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;
const [T, S, D] = [2, 8, 4];
const { graph, input, state } = graphc;

type Make = (tokens: number) => Graph;
const pair = (make: Make) => pairOf(make(T), make(1), 1);
const ran = (make: Make): Promise<ParityReport> => parity(pair(make));
const textOf = (report: ParityReport): string =>
  printParity(report, { name: "g", weights: "none", seconds: 0 }).replace(/\s+/g, " ");
const differing = ({ calls }: ParityReport): number =>
  calls.filter((c) => c.counts === "yes" && [...c.tokens, ...c.states].some(({ equal }) => !equal)).length;
const most = (x: Value): Value => op.reduce_max!(x, { axes: [3], keep_dims: true });
const sum = (x: Value, axis: number): Value => op.reduce_sum!(x, { axes: [axis], keep_dims: true });

/** What a layer on a cache of its rows is made of. */
interface Parts {
  readonly x: Value;
  readonly mask: Value;
  /** The cache row of each token is written. */
  readonly k: Value;
}

/** Rows, an attention mask and a write mask; the cache holds the rows, and whatever `more` states there are. */
const cached =
  (
    y: (parts: Parts, tokens: number) => Value,
    {
      role = "mask",
      more = () => [],
    }: { role?: unknown; more?: (parts: Parts, write: Value) => readonly unknown[] } = {},
  ): Make =>
  (tokens) => {
    const x = input("x", [1, 1, tokens, D]);
    const mask = input("m", [1, 1, tokens, S], "fp16", { role } as never);
    const write = input("kv_write_mask", [1, 1, S, tokens]);
    const old = state("k", [1, 1, S, D]);
    const k = op.add!(op.mul!(old, op.sub!(1, sum(write as Value, 3))), op.matmul!(write, x));
    const parts = { x, mask, k } as unknown as Parts;
    const result = { name: `g${tokens}`, inputs: [x, mask, write], outputs: { y: y(parts, tokens) } };
    return graph({ ...result, states: [[old, k], ...more(parts, write as Value)] } as never);
  };

const scores = ({ x, k }: Parts): Value => op.mul!(op.matmul!(x, k, { transpose_y: true }), 0.125);
/** Rows that the mask shuts, as far as they hold more than 100. */
const leaked = ({ mask, k }: Parts): Value =>
  op.matmul!(op.cast!(op.less!(mask, -5000), { dtype: "fp16" }), op.maximum!(0, op.sub!(k, 100)));

describe("dead columns", () => {
  /** Rows go where positions say, and a write mask is there beside them. */
  const positioned: Make = (tokens) => {
    const x = input("x", [tokens, D]);
    const at = input("position", [tokens], "int32");
    const write = input("kv_write_mask", [S, tokens]);
    const old = state("k", [S, D]);
    const k = op.scatter!(old, at, x, { mode: "update" });
    return graph({ name: `g${tokens}`, inputs: [x, at, write], states: [[old, k]], outputs: { y: x } } as never);
  };
  test("are not asked of a position, which always names a row to write", async () => {
    const report = await ran(positioned);
    expect([report.equal, report.exercised.deadColumns]).toEqual([true, 0]);
    expect(abilitiesOf(twinsOf(positioned(T), positioned(1)))).toEqual({
      scattered: true,
      padded: false,
      rejecting: true,
    });
  });

  test("nor where the step alone takes a position", () => {
    const step: Make = (tokens) => {
      const { inputs, ...rest } = positioned(tokens);
      return { ...rest, inputs: inputs.filter(({ name }) => tokens === 1 || name !== "position") };
    };
    expect(abilitiesOf(twinsOf(step(T), step(1))).padded).toBe(false);
  });

  /** A mask that is a factor leaves nothing to divide by where all is shut. */
  const factor = (dead: (p: Value) => Value): Make =>
    cached(
      (parts) => {
        const e = op.mul!(op.exp!(scores(parts)), parts.mask);
        return dead(op.matmul!(op.real_div!(e, sum(e, 3)), parts.k));
      },
      { role: { kind: "mask", open: 1, closed: 0 } },
    );
  test("may give an output that is not finite, which nobody reads", async () => {
    const report = await ran(factor((y) => y));
    expect(report.equal).toBe(true);
    expect(report.calls.filter(({ call }) => call.rows.includes(undefined)).map(({ counts }) => counts)).toContain(
      "yes",
    );
  });

  test("which drops no large rows either", async () => {
    const role = { kind: "mask", open: 1, closed: 0 };
    const report = await ran(cached(({ x, mask }) => op.real_div!(op.mul!(x, sum(mask, 3)), sum(mask, 3)), { role }));
    expect([report.exercised.deadBeforeLive > 1, report.exercised.notFinite]).toEqual([true, 0]);
    expect(report.exercised.dropped.map(({ largest }) => largest > 10_000)).toEqual([true]);
    expect(report.exercised.largest[1]).toBeGreaterThan(1000);
  });

  test("but a block in which it spoils a live row differs, also when the dead column comes first", async () => {
    const spoilt = await ran(factor((y) => op.add!(y, sum(op.mul!(y, 0), 2))));
    expect([spoilt.equal, differing(spoilt) > 0]).toEqual([false, true]);
    const first: Make = factor((y) => op.add!(y, op.mul!(op.slice_by_index!(y, [0, 0, 0, 0], [1, 1, 1, D]), 0)));
    const report = await ran(first);
    expect([report.equal, differing(report) > 0]).toEqual([false, true]);
  });

  /** Nothing, unless an element's square is no number of fp16. */
  const nothing = (x: Value): Value => op.mul!(0, op.mul!(x, x));
  const spoiling = (x: Value, isSpoilt: boolean): Value => (isSpoilt ? op.add!(x, nothing(x)) : x);
  const inOutput = (only: (tokens: number) => boolean): Make => cached(({ x }, tokens) => spoiling(x, only(tokens)));
  const inState = (only: (tokens: number) => boolean): Make =>
    cached(({ x }) => x, {
      more: ({ x }, write) => {
        const old = state("v", [1, 1, S, D]);
        const row = spoiling(x, only(x.type.shape[2]!));
        return [[old, op.add!(op.mul!(old, op.sub!(1, sum(write, 3))), op.matmul!(write, row))]];
      },
    });
  test.each([
    ["the block, in an output", inOutput((tokens) => tokens > 1)],
    ["the step, in an output", inOutput((tokens) => tokens === 1)],
    ["the block, in a state", inState((tokens) => tokens > 1)],
    ["the step, in a state", inState((tokens) => tokens === 1)],
  ])("and large rows at which only one of the two is not finite are dropped: %s", async (_, make) => {
    const report = await ran(make);
    expect(report.equal).toBe(true);
    expect(report.exercised.dropped.map(({ why }) => why)).toEqual(Array(3).fill("not finite"));
  });

  test.each([true, false])("but not usual ones, at which that is a difference (the block: %s)", async (inBlock) => {
    const report = await ran(
      cached(({ x }, tokens) => (tokens > 1 === inBlock ? op.add!(x, nothing(op.mul!(x, 60_000))) : x)),
    );
    expect([report.equal, differing(report) > 0]).toEqual([false, true]);
  });
});

describe("large rows that show though they are shut", () => {
  /** The next token of the block shows in each where it is above 100. */
  const leaking = cached(({ x, mask }, tokens) => {
    const y = op.add!(x, most(mask));
    if (tokens === 1) return y;
    const next = op.slice_by_index!(x, [0, 0, 1, 0], [1, 1, T, D]);
    const none = op.mul!(0, op.slice_by_index!(x, [0, 0, 0, 0], [1, 1, 1, D]));
    return op.add!(y, op.maximum!(0, op.sub!(op.concat!([next, none], { axis: 2 }), 100)));
  });
  test("are a difference when the block alone lets them through", async () => {
    const report = await ran(leaking);
    expect([report.equal, report.exercised.beyondMask, report.exercised.dropped]).toEqual([false, 0, []]);
    expect(differing(report)).toBeGreaterThan(0);
  });

  test("are left out when the steps let them through as well, and that is told", async () => {
    const report = await ran(cached((parts) => op.add!(parts.x, leaked(parts))));
    const { dropped, largest } = report.exercised;
    expect(report.equal).toBe(true);
    expect(dropped.map(({ why }) => why)).toEqual(Array(3).fill("beyond the mask"));
    expect(dropped.every((one) => one.largest > largest[1])).toBe(true);
    expect(textOf(report)).toMatch(/rows up to 2\d{4}, 3\d{3} and 4\d\d were dropped: what a mask shuts showed/);
  });

  test("in the cache row that a token writes, too", async () => {
    const more = (parts: Parts, write: Value) => {
      const old = state("v", [1, 1, S, D]);
      const row = op.add!(parts.x, leaked(parts));
      return [[old, op.add!(op.mul!(old, op.sub!(1, sum(write, 3))), op.matmul!(write, row))]];
    };
    const report = await ran(cached(({ x }) => x, { more }));
    expect([report.equal, report.exercised.dropped.length]).toEqual([true, 3]);
  });

  test("and numbers that are not finite are told apart from them", async () => {
    const report = await ran(cached(({ x, mask }) => op.add!(op.mul!(x, op.mul!(x, x)), op.mul!(0, most(mask)))));
    expect(report.equal).toBe(true);
    expect(report.exercised.dropped.map(({ why }) => why)).toEqual(Array(4).fill("not finite"));
    expect(textOf(report)).toMatch(/rows up to [\d, ]+ and \d+\.?\d* were dropped: not finite/);
  });
});

describe("shared inputs", () => {
  const gained =
    (dtype: "fp16" | "int32"): Make =>
    (tokens) => {
      const x = input("x", [tokens, D]);
      const g = input("gain", [1, D], dtype, { role: "shared" });
      const number: Value = dtype === "fp16" ? (g as Value) : op.cast!(g, { dtype: "fp16" });
      const y = op.mul!(x, tokens > 1 ? op.clip!(number, { alpha: -2, beta: 2 }) : number);
      return graph({ name: `g${tokens}`, inputs: [x, g], outputs: { y } } as never);
    };
  test("of floats are as large as rows", async () => {
    const report = await ran(gained("fp16"));
    expect([report.equal, differing(report) > 0]).toEqual([false, true]);
  });

  test("count for the largest number fed", async () => {
    const only: Make = (tokens) => {
      const [at, g] = [input("at", [tokens], "int32", { role: "rows" }), input("gain", [1, D])];
      const y = op.mul!(g, op.cast!(op.reshape!(at, { shape: [tokens, 1] }), { dtype: "fp16" }));
      return graph({ name: `g${tokens}`, inputs: [at, g], outputs: { y } } as never);
    };
    const { exercised } = await ran(only);
    expect(exercised.largest[0]).toBeLessThan(0.03);
    expect(exercised.largest[1]).toBeGreaterThan(10_000);
    expect(exercised.wholeNumbers).toEqual(["at"]);
  });

  test("of whole numbers are told to be 0 and 1 only", async () => {
    const report = await ran(gained("int32"));
    expect(report.exercised.wholeNumbers).toEqual(["gain"]);
    expect(textOf(report)).toContain("; gain: 0 and 1 only");
    expect(textOf(await ran(gained("fp16")))).not.toContain("only");
  });
});

describe("old rows that a mask shuts", () => {
  const attends = (mask: (parts: Parts, tokens: number) => Value): Make =>
    cached((parts, tokens) =>
      op.matmul!(op.softmax!(op.add!(scores(parts), mask(parts, tokens)), { axis: 3 }), parts.k),
    );
  test("a block in which all tokens see what the first one sees is no yes", async () => {
    const first = attends(({ mask }, tokens) =>
      tokens > 1 ? op.maximum!(mask, op.slice_by_index!(mask, [0, 0, 0, 0], [1, 1, 1, S])) : mask,
    );
    expect([(await ran(first)).equal, differing(await ran(first)) > 0]).toEqual([false, true]);
    const report = await ran(attends(({ mask }) => mask));
    expect([report.equal, report.exercised.oldRowsShut]).toEqual([true, true]);
    expect(textOf(report)).toContain("old rows shut from some tokens; ");
  });

  test("are not counted as shown", async () => {
    const graphs = pair(attends(({ mask }) => mask));
    const open: number[] = [];
    const runStep: RunnableGraphs["runStep"] = (values: Arrays) => {
      open.push(toNDArray(values.m!).data.filter((x) => x === 0).length);
      return graphs.runStep(values);
    };
    const report = await parity({ ...graphs, runStep });
    // Calls at scales that were dropped come between the passes.
    const seenLast = report.calls.filter(({ fed }) => fed.seed === 3).flatMap(({ fed }) => fed.seen);
    expect(seenLast.length).toBeGreaterThan(5);
    expect(open.slice(-seenLast.length)).toEqual(seenLast);
  });

  test("differ from token to token, are the same for block and step, and never a token's own", () => {
    const { block, step } = pair(attends(({ mask }) => mask));
    const { roles } = twinsOf(block, step);
    const source: Source = { seed: 3, roles, maxSeq: S, shutsOld: true };
    const call: Feed = { rows: [4, 5], committed: new Set([0, 1, 2, 3]), stream: 10 };
    const fed = feed(block, source, call);
    expect(contractProblems(block, roles, fed, S)).toEqual([]);
    const rows = [0, 1].map((t) => [...fed.m!.data.slice(t * S, (t + 1) * S)]);
    expect([0, 1].map((t) => [...feed(step, source, call, t).m!.data])).toEqual(rows);
    expect(rows[0]!.slice(0, 4)).not.toEqual(rows[1]!.slice(0, 4));
    const shown = (stream: number, seed: number) =>
      [0, 1, 2, 3].map((slot) => sees({ ...source, seed }, { ...call, stream }, 0, slot)).join();
    expect(new Set([10, 11, 12, 13, 14].map((stream) => shown(stream, 3))).size).toBeGreaterThan(2);
    expect(new Set([3, 4, 5, 6, 7].map((seed) => shown(10, seed))).size).toBeGreaterThan(2);
    expect(sees({ ...source, shutsOld: false }, call, 0, 3)).toBe(true);
  });

  test("are told of only where there is a mask", async () => {
    const plain: Make = (tokens) => {
      const [x, write] = [input("x", [tokens, D]), input("kv_write_mask", [S, tokens])];
      const old = state("k", [S, D]);
      const k = op.add!(op.mul!(old, op.sub!(1, sum(write as Value, 1))), op.matmul!(write, x));
      return graph({ name: `g${tokens}`, inputs: [x, write], states: [[old, k]], outputs: { y: x } } as never);
    };
    const report = await ran(plain);
    expect([report.equal, report.exercised.oldRowsShut, report.exercised.lastRow]).toEqual([true, false, S - 1]);
  });
});

describe("the last row of a cache", () => {
  test("is named: without a mask that of the state which is written at positions", async () => {
    const twoStates: Make = (tokens) => {
      const [x, at] = [input("x", [tokens, D]), input("position", [tokens], "int32")];
      const [other, old] = [state("a", [4, D]), state("k", [S, D])];
      const k = op.scatter!(old, at, x, { mode: "update" });
      const states = [
        [other, op.mul!(other, 1)],
        [old, k],
      ];
      return graph({ name: `g${tokens}`, inputs: [x, at], states, outputs: { y: x } } as never);
    };
    const report = await ran(twoStates);
    expect([report.equal, report.exercised.lastRow]).toEqual([true, S - 1]);
    expect(textOf(report)).toContain(`; row ${S - 1}, the last of the cache as its interface tells, written; `);
  });

  test("is not spoken of where there is no cache", async () => {
    const none: Make = (tokens) => {
      const x = input("x", [tokens, D]);
      return graph({ name: `g${tokens}`, inputs: [x], outputs: { y: op.mul!(x, 2) } } as never);
    };
    const report = await ran(none);
    expect(report.equal).toBe(true);
    expect(report.exercised).not.toHaveProperty("lastRow");
    expect(textOf(report)).not.toContain("cache");
  });
});
