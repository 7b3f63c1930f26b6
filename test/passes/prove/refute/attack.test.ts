/** The attack itself: which inputs are run, which of them count, and how it ends. */
import { describe, expect, test } from "vitest";
import { type ProvenPair, provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { attack, type Claim } from "../../../../src/passes/prove/refute/attack.ts";
import { sampleOf } from "../../../../src/passes/prove/refute/sample.ts";
import { type Fault, type Feeds, op, pairOf, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";

const EXACT: Claim = { level: "exact", gap: Number.POSITIVE_INFINITY, contiguous: false, seed: 1 };
const REALS: Claim = { ...EXACT, level: "reals" };
const FIRST = { scale: 0.5, stale: 0.5 };

const pair = (make: Fault["make"], step = make): ProvenPair => {
  const graphs = pairOf({ make, step: (f) => step(f, false) }, 2, false);
  return provenPair(graphs.block, graphs.step);
};
const tanh = pair(({ x }) => op.tanh!(x));
const same = pair(({ x }) => op.mul!(x, 1));
/** Products of columns by one number: cheap, though each is reckoned as dear as its rows are long. */
const costly = (rows: number) => pair((f) => op.matmul!(f.rows("q", rows, 1), table_([1], [1, 1])));

describe("a proof that holds", () => {
  test("is attacked with numbers of every size while runs are cheap; the first is the witness", () => {
    const witness = { seed: 5, style: FIRST, tokens: 2, weights: "random" };
    for (const claim of [EXACT, REALS])
      expect(attack(tanh, { ...claim, seed: 5 })).toStrictEqual({ runs: 8, met: 8, witness });
  });

  test.each([
    [100, 8],
    [605, 6],
    [606, 5],
    [2000, 4],
  ])("with fewer where they are dear: %d rows, %d runs", (rows, runs) => {
    expect(attack(costly(rows), EXACT)).toMatchObject({ runs, met: runs });
  });

  test.each([
    [100, 8, 8, 1],
    [1, 8, 3, 1],
    [0.1, 8, 2, 7],
    [0.01, 8, 1, 8],
  ])("scores within %d count", (gap, runs, met, seed) => {
    expect(attack(same, { ...EXACT, gap })).toMatchObject({ runs, met, witness: { seed } });
  });

  test("the smallest numbers are tried where nothing else counts, however dear", () => {
    expect(attack(costly(2000), { ...EXACT, gap: 1 })).toMatchObject({ runs: 4, met: 1, witness: { seed: 1 } });
    expect(attack(costly(2000), { ...EXACT, gap: 0.99 / 16 })).toMatchObject({ witness: { seed: 8 } });
  });
});

describe("what nothing meets has no witness", () => {
  test("and the first value that stood in the way is told", () => {
    const found = attack(same, { ...EXACT, gap: 0 })!;
    const { arrays } = sampleOf(same, 1, FIRST);
    expect(found).toStrictEqual({ runs: 8, met: 0, unmet: `x is ${arrays.get("input x")![0]}` });
  });

  /** Reads a table of so many rows at the positions of two tokens, of 5 rows in a cache. */
  const reads = (rows: number) =>
    pair(({ at, state, x }: Feeds) => {
      const k = state("k");
      return { k: op.mul!(k, 1), y: op.add!(op.gather!(W("w", [rows, 4]), at, { axis: 0 }), x) };
    });
  test("an index outside its axis is no run, and others count", () => {
    expect(attack(reads(1), EXACT)).toStrictEqual({ runs: 8, met: 0, unmet: "an index outside its axis" });
    const { runs, met, unmet } = attack(reads(2), EXACT)!;
    expect([runs, met > 0, met < 8, unmet]).toEqual([8, true, true, undefined]);
    expect(attack(reads(5), EXACT)).toMatchObject({ runs: 8, met: 8 });
  });
});

describe("a proof that does not hold", () => {
  test("is contradicted by the first input that counts", () => {
    const wrong = pair(
      ({ x }) => op.exp!(x),
      ({ x }) => op.add!(op.exp!(x), table_([0, 0, 1, 0], [4])),
    );
    for (const claim of [EXACT, REALS]) {
      const found = attack(wrong, claim)!;
      const { mismatch, sample, ...told } = found.contradiction!;
      expect([found.runs, found.met, found.witness, told]).toEqual([
        1,
        1,
        undefined,
        { seed: 1, style: FIRST, tokens: 2, weights: "random" },
      ]);
      expect(mismatch).toMatchObject({ name: "y", token: 0, index: [0, 2] });
      expect(mismatch.step - mismatch.block).toBeCloseTo(1, 2);
      expect(sample).toEqual(sampleOf(wrong, 1, FIRST));
    }
  });

  test("by an input of large numbers where it takes these, told with its seed", () => {
    const clipped = (at: number) => (f: Feeds) => op.minimum!(f.rows("x", 64), at);
    const wrong = pair(clipped(20), clipped(25));
    const style = { rows: "last", visible: "none", scale: 40, stale: 200 } as const;
    const found = attack(wrong, { ...EXACT, seed: 3 })!;
    expect([found.runs, found.met]).toEqual([6, 6]);
    expect(found.contradiction).toMatchObject({ seed: 8, style, tokens: 2, sample: sampleOf(wrong, 8, style) });
    expect(attack(wrong, { ...EXACT, gap: 19 })).toMatchObject({ runs: 8, met: 7, witness: { seed: 1 } });
  });

  test("by any difference in bits, however large the numbers beside it", () => {
    const of = (more: number) => (f: Feeds) => ({
      y: op.add!(op.mul!(f.x, 2 ** -20), more),
      z: op.add!(op.mul!(f.x, 0), 60000),
    });
    expect(attack(pair(of(2 ** -24), of(0)), EXACT)!.contradiction).toBeDefined();
    expect(attack(pair(of(2 ** -24), of(0)), REALS)!.contradiction).toBe(undefined);
  });

  test("an exact one is run in fp16, one over the reals in fp64", () => {
    const there = pair(
      ({ x }) => op.sub!(op.add!(x, 1), 1),
      ({ x }) => op.mul!(x, 1),
    );
    expect(attack(there, EXACT)!.contradiction).toBeDefined();
    expect(attack(there, REALS)).toMatchObject({ runs: 8, met: 8 });
  });
});

describe("a claim on padding", () => {
  const PADDING: Claim = { ...EXACT, padding: true };
  /** 1 at each token that is padding. */
  const dead = ({ write, tokens }: Feeds) =>
    op.sub!(1, op.reshape!(op.reduce_sum!(write, { axes: [2] }), { shape: [tokens, 1] }));
  /** A block that adds so much to the rows of padding; steps add nothing. */
  const spoilt = (more: (f: Feeds) => Value) =>
    pair(
      (f) => op.add!(f.x, op.mul!(dead(f), more(f))),
      ({ x }) => op.mul!(x, 1),
    );
  const old = ({ state }: Feeds) => op.reduce_max!(op.abs!(state("k")), { axes: [0, 1], keep_dims: true });

  test.each<readonly [string, number, readonly number[], (f: Feeds) => Value]>([
    ["the second token", 1, [1], () => table_([0, 1], [2, 1])],
    ["the first token", 2, [0], () => table_([1, 0], [2, 1])],
    ["a token before old rows that are large", 3, [1], (f) => op.maximum!(op.sub!(old(f), 20), 0)],
  ])("that is false of %s is contradicted, by run %d", (_, run, tokens, more) => {
    const wrong = spoilt(more);
    const found = attack(wrong, { ...PADDING, seed: 5 })!;
    expect([found.runs, found.met, found.contradiction!.seed]).toEqual([run, run, 4 + run]);
    expect([...found.contradiction!.sample.dead!]).toEqual(tokens);
    expect(attack(wrong, EXACT)).toMatchObject({ runs: 8, met: 8 });
  });

  test.each([
    [100, 3, 3, 1],
    [1, 3, 1, 1],
    [0.1, 4, 1, 4],
  ])("that holds is run on scores within %d, small ones where no others are: %d runs, %d count", (gap, ...told) => {
    const both = pair((f) => op.add!(f.x, op.mul!(old(f), 0)));
    const { runs, met, witness } = attack(both, { ...PADDING, gap })!;
    expect([runs, met, witness!.seed]).toEqual(told);
  });
});

describe("over the reals rounding contradicts nothing", () => {
  const back = ({ x }: Feeds) => op.sub!(op.add!(x, op.tanh!(x)), op.tanh!(x));
  const tie = pair(
    (f) => op.cast!(op.less!(f.x, f.x), { dtype: "fp16" }),
    (f) => op.cast!(op.less!(back(f), f.x), { dtype: "fp16" }),
  );
  test("a comparison that it decided does not count", () => {
    const found = attack(tie, REALS)!;
    expect([found.runs, found.contradiction, found.witness?.seed]).toEqual([8, undefined, 1]);
    expect(found.met).toBeLessThan(8);
    expect(attack(tie, EXACT)!.contradiction).toBeDefined();
  });

  test("nor what a large number leaves when it is taken off again", () => {
    const large = op.mul!(table_([60000], [1], "fp32"), table_([60000], [1], "fp32"));
    const wide = (x: Value) => op.cast!(x, { dtype: "fp32" });
    const found = attack(
      pair(
        ({ x }) => op.sub!(op.add!(wide(op.exp!(x)), large), large),
        ({ x }) => wide(op.exp!(x)),
      ),
      REALS,
    )!;
    expect([found.contradiction, found.met, found.witness?.seed]).toEqual([undefined, 0, 1]);
  });

  test("what a mask makes far is no large number", () => {
    const of = (f: Feeds, more: number) => ({
      y: op.add!(op.cast!(f.x, { dtype: "fp32" }), table_([more], [1], "fp32")),
      z: op.mul!(f.mask(), 1),
    });
    const found = attack(
      pair(
        (f) => of(f, 1e-6),
        (f) => of(f, 0),
      ),
      { ...REALS, gap: 100 },
    )!;
    expect(found).toMatchObject({ runs: 1, met: 1, contradiction: { mismatch: { name: "y" } } });
  });
});
