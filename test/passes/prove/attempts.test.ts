/** Attempts at a proof: which are made, in which order, and what is said of those that failed. */
import { describe, expect, test } from "vitest";
import { assumptionsOf } from "../../../src/passes/prove/assumptions.ts";
import type { Assumptions } from "../../../src/passes/prove/logic/setting.ts";
import { provenPair } from "../../../src/passes/prove/program/pair.ts";
import {
  type Fault,
  type Feeds,
  op,
  pairOf,
  type Results,
  rolled,
  type Value,
  W,
} from "../../support/prove/corpus/fault.ts";
import { exact, reals, stack } from "../../support/prove/layers.ts";
import { outcome } from "../../support/prove/outcome.ts";

const scattered = (f: Feeds, K: Value, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });

describe("what is assumed, the strongest claim first", () => {
  const FOUR = ["exact", "exact P5", "reals", "reals P5"];
  const contiguous = FOUR.map((text) => `${text} P2'`);
  test.each<readonly [says: string, tokens: number, make: (f: Feeds) => Results, expected: readonly string[]]>([
    ["no positions", 2, (f) => f.x, FOUR],
    ["an input without tokens that is no position", 2, (f) => op.mul(f.x, f.shared("s", [4])), FOUR],
    ["a position a token", 2, (f) => ({ K: scattered(f, f.state("K"), f.x) }), [...FOUR, ...contiguous]],
    ["one position for all", 2, (f) => op.mul(f.x, op.cast(f.first, { dtype: "fp16" })), contiguous],
    ["one token at a position", 1, (f) => ({ K: scattered(f, f.state("K"), f.x) }), FOUR],
    ["one token at one position", 1, (f) => op.mul(f.x, op.cast(f.first, { dtype: "fp16" })), FOUR],
  ])("%s", (_, tokens, make, expected) => {
    const { block, step } = pairOf({ make }, tokens, false);
    const all = assumptionsOf(provenPair(block, step));
    expect(all.map(short)).toEqual(expected);
    expect(new Set(all.map((x) => x.column))).toEqual(new Set(["one"]));
  });
});

const [EXACT, EXACT5, REALS, REALS5] = (["exact", "reals"] as const).flatMap((mode) =>
  [false, true].map((twoValued): Assumptions => ({ mode, twoValued, contiguous: false, column: "one" })),
) as [Assumptions, Assumptions, Assumptions, Assumptions];
/** How many entries of a mask are open, told in two ways: they agree where all are 0 or −10000. */
const open = (f: Feeds): Value => {
  const all = op.exp(f.tokens === 1 ? f.mask() : op.mul(f.mask(), 2));
  return op.reduce_sum(all, { axes: [3], keep_dims: true });
};

describe("attempts", () => {
  /** How often a weight is asked for its place: as often more as there are attempts. */
  const asked = (fault: Fault, attempts: readonly Assumptions[]): number => {
    let n = 0;
    const placeOf = () => {
      n++;
      return { base: "w", offset: 0 };
    };
    expect(outcome(fault, { attempts, known: { placeOf } }).failed?.pair.name).toBe("y");
    return n;
  };

  test("with P5 are made only where a mask stands in what differs", () => {
    const weighed = (f: Feeds) => op.mul(f.x, op.mul(W("w", [4]), f.tokens));
    const masked = (f: Feeds) => op.mul(op.reduce_sum(f.mask(), { axes: [3] }), op.mul(W("w", [1]), f.tokens));
    const none = [[EXACT], [EXACT, EXACT5], [EXACT, REALS], [EXACT, EXACT5, REALS, REALS5]].map((all) =>
      asked({ make: weighed }, all),
    );
    expect([none[1], none[3]]).toEqual([none[0], none[2]]);
    expect(none[2]).toBeGreaterThan(none[0]!);
    const some = [[EXACT], [EXACT, EXACT5], [EXACT, EXACT5, REALS]].map((all) => asked({ make: masked }, all));
    expect(some[2]! - some[1]!).toBe(some[1]! - some[0]!);
    expect(asked({ make: weighed }, [EXACT5])).toBe(none[0]);
  });

  test("say why a proof is not exact only where it is not", () => {
    const told = (fault: Fault, ...attempts: readonly Assumptions[]) => {
      const found = outcome(fault, { attempts });
      return [found.failed?.pair.name, found.level, found.notExact?.pair.name];
    };
    expect(told(stack(reals("a")), EXACT, REALS)).toEqual([undefined, "reals", "a"]);
    expect(told(stack(reals("a")), REALS)).toEqual([undefined, "reals", undefined]);
    expect(told(stack(exact("a")), REALS, EXACT)).toEqual([undefined, "reals", undefined]);
    expect(told(stack(reals("a")), EXACT)).toEqual(["a", "exact", undefined]);
    expect(told({ make: open }, EXACT)).toEqual(["y", "exact", undefined]);
    expect(told({ make: open }, EXACT, EXACT5)).toEqual([undefined, "exact", undefined]);
  });

  test("come to need preconditions, but for those that they take for granted", () => {
    const written = outcome({ make: (f) => ({ K: scattered(f, f.state("K"), f.tokens === 1 ? f.x : rolled(f.x)) }) });
    expect([written.failed?.pair.name, [...written.tried].sort()]).toEqual(["K", ["P2", "P6", "P10"].sort()]);
    const sliced = outcome({
      make: (f) => {
        const from = op.slice_by_index(f.at, [0], [1]);
        const at = (n: number) => op.concat([op.add(from, n), op.add(op.mul(from, 0), n === 0 ? 0 : 4)], { axis: 0 });
        const K = op.slice_update(f.state("K"), f.x, at(0), at(f.tokens));
        return { K, y: op.mul(f.x, f.tokens) };
      },
    });
    expect([sliced.failed?.pair.name, sliced.tried.has("P2'")]).toEqual(["y", true]);
  });
});

test("why a proof is not exact is what the last exact attempt met", () => {
  const both = {
    make: (f: Feeds) => op.add(op.reshape(reals("a")(f.x, f), { shape: [1, 1, f.tokens, 4] }), open(f)),
  };
  const told = (...attempts: readonly Assumptions[]) => {
    const { failed, notExact } = outcome(both, { attempts, cut: false });
    const { block, step } = (failed ?? notExact)!.explain();
    return `${failed ? "failed" : "not exact"}: ${block} | ${step}`;
  };
  const [exactly, overReals] = [told(EXACT), told(REALS)];
  expect(told(EXACT, REALS, REALS5)).toBe(exactly.replace("failed", "not exact"));
  expect(exactly).not.toBe(overReals);
});

const short = ({ mode, twoValued, contiguous }: Assumptions): string =>
  [mode, ...(twoValued ? ["P5"] : []), ...(contiguous ? ["P2'"] : [])].join(" ");
