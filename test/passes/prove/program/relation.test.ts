/** What is compared: every place of every row, cut into cases where terms ask for it, and nothing left out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { casesAt, casesOfRows } from "../../../../src/passes/prove/logic/cases.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { opaque } from "../../../../src/passes/prove/logic/opaque.ts";
import { boxesOf, compare, type Ignored, type Pair } from "../../../../src/passes/prove/program/relation.ts";
import { type Fault, type Feeds, op, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { programs } from "../../../support/prove/programs.ts";

const written = (f: Feeds, K: Value, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });
/** Rows of which that of token `k` alone is doubled, in the block. */
const doubled = (f: Feeds, x: Value, k: number): Value =>
  f.tokens === 1
    ? x
    : op.mul(
        x,
        table_(
          Array.from({ length: f.tokens }, (_, t) => (t === k ? 2 : 1)),
          [f.tokens, 1],
        ),
      );

describe("places are counted", () => {
  test.each<readonly [says: string, tokens: number, make: Fault["make"], compared: number]>([
    ["one a token", 3, (f) => op.tanh(f.x), 3],
    ["one of one token", 1, (f) => op.tanh(f.x), 1],
    ["two a token where two values lie side by side", 3, (f) => op.concat([f.x, op.tanh(f.x)], { axis: 1 }), 6],
    ["one row a token, and any other", 3, (f) => ({ y: written(f, f.state("y"), f.x) }), 4],
    ["one of a state that is left as it is", 3, (f) => ({ z: f.x, y: f.state("y") }), 1],
  ])("%s", (_, tokens, make, compared) => {
    const { p, result } = programs(make, tokens);
    expect(compare(p, result("y"))).toStrictEqual({ compared, far: false });
  });
});

describe("a difference in one row alone is found", () => {
  test.each([0, 1, 2])("of an output, at token %i", (k) => {
    const { p, result } = programs((f) => doubled(f, f.x, k), 3);
    const { compared, difference } = compare(p, result("y"));
    expect([compared, difference?.token, difference?.ix.map(ix.showIx)]).toEqual([k + 1, k, [String(k), "i1"]]);
    expect(Object.keys(difference!).sort()).toEqual(["block", "ix", "pair", "step", "token"]);
    expect([difference!.pair, difference!.block === difference!.step]).toEqual([result("y"), false]);
  });

  test.each([0, 1, 2])("of a state, at the row of token %i", (k) => {
    const { p, result } = programs((f) => ({ K: written(f, f.state("K"), doubled(f, f.x, k)) }), 3);
    const { compared, difference } = compare(p, result("K"));
    expect([compared, difference?.ix.map(ix.showIx)]).toEqual([k + 1, [`w${k}`, "i1"]]);
    expect(Object.keys(difference!).sort()).toEqual(["block", "ix", "pair", "step"]);
  });

  test("of a state, at any other row", () => {
    const make = (f: Feeds) => ({ K: written(f, op.mul(f.state("K"), f.tokens), f.x) });
    const { p, result } = programs(make, 2);
    expect(compare(p, result("K")).difference!.ix.map(ix.showIx)).toEqual(["u0", "i1"]);
  });

  test("of a cache that lies behind something else", () => {
    const make = (f: Feeds, bad: boolean) => {
      const L = written(f, f.state("L"), bad ? doubled(f, f.z, 1) : f.z);
      f.state("all", [8, 4]);
      return { y: f.x, L, all: op.concat([W("w", [3, 4]), L], { axis: 0 }) };
    };
    const good = programs(make, 2);
    expect(compare(good.p, good.result("all"))).toEqual({ compared: 4, far: false });
    const bad = programs(make, 2, true);
    expect(compare(bad.p, bad.result("all")).difference!.ix.map(ix.showIx)).toEqual(["w1+3", "i1"]);
  });
});

test("what cannot be read is a difference with a reason, what is no reason is thrown", () => {
  const atRunTime = (f: Feeds) => op.gather(W("w", [8, 4]), op.cast(f.x, { dtype: "int32" }), { axis: 0 });
  const { p, result } = programs(atRunTime, 2);
  const { compared, difference } = compare(p, result("y"));
  expect([compared, difference?.token, difference?.opaque?.opaque.code]).toEqual([1, 0, "run-time index"]);
  expect(Object.keys(difference!).sort()).toEqual(["ix", "opaque", "pair", "token"]);
  const own = new Error("own");
  const get = () => {
    throw own;
  };
  expect(() => compare({ ...p, block: { ...p.block, memo: new Map(), cuts: { get } } }, result("y"))).toThrow(own);
});

test("what is ignored is neither compared nor told", () => {
  const { p, result } = programs((f) => doubled(f, f.x, 1), 3);
  const told = (ignored: Ignored) => {
    const { compared, difference } = compare(p, result("y"), ignored);
    return [compared, difference?.token];
  };
  expect(told(() => false)).toEqual([2, 1]);
  expect(told((token) => token === 0)).toEqual([1, 1]);
  expect(told((token) => token === 1)).toEqual([2, undefined]);
  expect(told((_, box) => box[0]!.c === 1)).toEqual([2, undefined]);
});

describe("boxes", () => {
  const { p } = programs((f) => ({ y: f.x, K: written(f, f.state("K"), f.x) }), 2);
  const s = p.c.store.indices;
  const value = (...shape: readonly number[]): Pair => {
    const step = W("w", shape);
    return { what: "state", name: "w", block: step, step };
  };
  const shown = (boxes: readonly (readonly ix.Ix[])[]) => boxes.map((box) => box.map(ix.showIx).join(" ")).sort();

  test("one where nothing is asked, of one token of a value", () => {
    expect(shown(boxesOf(p, value(3, 1, 2), () => {}))).toEqual(["i0 0 i2"]);
    expect(shown(boxesOf(p, { ...value(3, 1, 2), tokenAxis: 0 }, () => {}))).toEqual(["0 0 i2"]);
  });

  test("hold every place once, and need no case distinction", () => {
    const drawn = fc.record({
      shape: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 })),
      asks: fc.array(fc.tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: -1, max: 8 })), { maxLength: 4 }),
    });
    const property = fc.property(drawn, ({ shape, asks }) => {
      const indexOf = ([a, b]: readonly ix.Ix[], which: number): ix.Ix =>
        which === 2 ? ix.plus(s, ix.times(s, a!, shape[1]), b!) : [a!, b!][which]!;
      const probe = (box: readonly ix.Ix[]): void => {
        for (const [which, ask] of asks) {
          const [i, threshold] = [indexOf(box, which), which === 2 ? ask * shape[1] : ask];
          if (i.lo < threshold && i.hi >= threshold) casesAt(i, [threshold], "a test");
        }
      };
      const places = boxesOf(p, value(...shape), probe).flatMap((box) => {
        probe(box);
        return placesOf(box);
      });
      const all = Array.from({ length: shape[0] * shape[1] }, (_, k) => `${Math.floor(k / shape[1])} ${k % shape[1]}`);
      expect(places.sort()).toEqual(all.sort());
    });
    fc.assert(property, { numRuns: 100, seed: 4711 });
  });

  test("of a cache: the row of each token, and any other", () => {
    const { c } = p;
    const rows = boxesOf(p, value(5, 4), ([i]) => void (i!.free[0]?.kind === "var" && casesOfRows(i!, "a test")));
    expect(shown(rows)).toEqual(["u0 i1", "w0 i1", "w1 i1"]);
    expect([[...c.record.used.keys()], [...c.record.rowAxes]]).toEqual([["P2"], [5]]);
  });

  test("of two caches, one after the other", () => {
    const probe = ([i]: readonly ix.Ix[]): void => {
      if (i!.free[0]?.kind !== "var") return;
      if (i!.lo < 3 && i!.hi >= 3) casesAt(i!, [3], "a test");
      if (i!.lo >= 3) casesOfRows(ix.shift(s, i!, -3), "a test");
    };
    expect(shown(boxesOf(p, value(8, 1), probe))).toEqual(["i0 0", "u0+3 0", "w0+3 0", "w1+3 0"]);
    expect(p.c.record.rowAxes).toContain(5);
  });

  test("that cannot be read are boxes all the same; any other error is thrown", () => {
    const reason = opaque({ code: "strided slice" });
    const thrower = (what: unknown) => () => {
      throw what;
    };
    expect(shown(boxesOf(p, value(3, 2), thrower(reason)))).toEqual(["i0 i1"]);
    expect(() => boxesOf(p, value(3, 2), thrower(new Error("own")))).toThrow("own");
  });

  test("are cut along their own variables, and no others", () => {
    const foreign = ix.variable(s, "q", 3);
    expect(() => boxesOf(p, value(3, 2), () => casesOfRows(foreign, "a test"))).toThrow(/nothing owns/);
  });
});

/** The places of a box of one variable an axis, as numbers. */
function placesOf(box: readonly ix.Ix[]): readonly string[] {
  const along = box.map((i) => Array.from({ length: i.hi - i.lo + 1 }, (_, k) => valueAt(i, { i0: k, i1: k })));
  return along[0]!.flatMap((a) => along[1]!.map((b) => `${a} ${b}`));
}
