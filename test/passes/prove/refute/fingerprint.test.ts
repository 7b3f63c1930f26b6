/** Two graphs over a prime field: equal ones are equal there, and the first place that differs is told. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import type { DType } from "../../../../src/dsl/type.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type Fingerprint, fingerprint, PRIMES } from "../../../../src/passes/prove/refute/fingerprint.ts";
import { type Feeds, join, op, pairOf, part, S, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { told } from "../../../support/prove/in-field.ts";

const SURE = { equal: true, sure: true };
const differs = (at: string): Fingerprint => ({ equal: false, sure: true, at });

/** Numbers at every place of rows [T, 4]: those of the block, and 0 in the step. */
const spoilt = (x: Value, place: number, tokens: number): Value =>
  tokens === 1
    ? x
    : op.add!(
        x,
        table_(
          Array.from({ length: 8 }, (_, k) => Number(k >= place)),
          [2, 4],
        ),
      );
const cast = (x: Value, dtype: DType = "fp16"): Value => op.cast!(x, { dtype });

test("both primes are so small that products are exact", () => {
  expect(PRIMES[0]).not.toBe(PRIMES[1]);
  for (const p of PRIMES) {
    expect(p * p).toBeLessThan(2 ** 53);
    for (let d = 2; d * d <= p; d++) if (p % d === 0) throw new Error(`${p} is ${d} times a number`);
  }
});

describe("the first place that differs", () => {
  test.each([0, 3, 4, 6, 7])("of rows, from element %d on", (place) => {
    const found = told(({ x, tokens }) => spoilt(x, place, tokens));
    expect(found).toEqual(differs(`y, element ${place}`));
  });

  test("of a state comes first", () => {
    const make = (f: Feeds): Record<string, Value> => ({
      y: spoilt(f.x, 0, f.tokens),
      s: f.tokens === 2 ? op.add!(f.state("s"), table_([0, 0, 1, 1], [4])) : f.state("s"),
    });
    expect(told(make)).toEqual(differs("s, element 2"));
  });

  test("of one token is that of the whole output", () => {
    expect(
      told(
        ({ x }) => op.add!(x, table_([0, 1, 0, 0], [4])),
        ({ x }) => x,
        { tokens: 1 },
      ),
    ).toEqual(differs("y, element 1"));
    expect(told(({ x }) => op.exp!(x), undefined, { tokens: 1 })).toEqual(SURE);
  });

  test.each([0, 1, 2])("rows along axis %d are those of the steps", (axis) => {
    const build = (tokens: number, add: readonly number[]) => {
      const shape = [3, 3, 3].with(axis, tokens);
      const x = input("x", shape) as unknown as Value;
      const y = op.add!(x, table_(add, add.length === 1 ? [1] : [3, 3, 3].with(axis, 2)));
      return graph({ name: "g", inputs: [x], outputs: { y } });
    };
    const at = (add: readonly number[]) =>
      fingerprint(provenPair(build(2, add), build(1, [0])), { prime: PRIMES[1], seed: 1, rounds: true });
    expect(at([0])).toEqual(SURE);
    for (let k = 0; k < 18; k++)
      expect(at(Array.from({ length: 18 }, (_, i) => Number(i === k)))).toEqual(differs(`y, element ${k}`));
  });
});

describe("what the host feeds keeps its meaning", () => {
  test("a shut entry of a mask lies below all numbers, an open one is 0", () => {
    const exp = ({ mask }: Feeds) => rowsOf(op.exp!(mask()));
    const one = ({ mask }: Feeds) => rowsOf(op.sub!(1, cast(op.less!(mask(), -1))));
    expect(told(exp, one)).toEqual(SURE);
    expect(told(exp, ({ mask }) => rowsOf(op.exp!(op.mul!(mask(), 0)))).equal).toBe(false);
  });

  test("a bool mask is 0 or 1", () => {
    const shown = (f: Feeds) => rowsOf(cast(f.mask("bool")));
    expect(told((f) => op.mul!(shown(f), shown(f)), shown)).toEqual(SURE);
    expect(told(shown, (f) => op.sub!(1, shown(f))).equal).toBe(false);
  });

  test("a write mask is 1 at one row", () => {
    const sum = (f: Feeds) => op.reshape!(op.reduce_sum!(f.write, { axes: [2] }), { shape: [f.tokens, 1] });
    expect(told(sum, ({ tokens }) => table_(Array(tokens).fill(1), [tokens, 1]))).toEqual(SURE);
  });

  test("positions are cache rows, each of them another", () => {
    const row = (f: Feeds) => op.gather!(table_([5, 6, 7, 8, 9], [S]), f.at, { axis: 0 });
    const plus5 = (f: Feeds) => op.add!(cast(f.at), 5);
    expect(told(row, plus5)).toEqual(SURE);
    const paired = (f: Feeds) =>
      op.mul!(f.x, cast(op.reshape!(op.equal!(f.at, part(f.at, 0, 0)), { shape: [f.tokens, 1] })));
    expect(told(paired).equal).toBe(false);
  });

  test("rows of tokens follow each other where that is asked for alone", () => {
    const first = ({ at }: Feeds) => part(at, 0, 0);
    const next = (f: Feeds) => cast(f.tokens === 1 ? f.at : join([first(f), op.add!(first(f), 1)], 0));
    const { block, step } = pairOf({ make: next }, 2, false);
    const equal = (how: object) =>
      [1, 2, 3, 4].map(
        (seed) => fingerprint(provenPair(block, step), { prime: PRIMES[0], rounds: true, seed, ...how }).equal,
      );
    expect(equal({ contiguous: true })).toEqual([true, true, true, true]);
    expect(equal({})).toContain(false);
  });

  test("rows of one token are its own, and those of another name are others", () => {
    expect(told(({ x }) => (x.type.shape[0] === 2 ? join([part(x, 0, 1), part(x, 0, 0)], 0) : x)).equal).toBe(false);
    expect(told(({ x, z, tokens }) => op.add!(tokens === 2 ? z : x, op.mul!(op.add!(x, z), 0))).equal).toBe(false);
  });

  test("the steps follow each other by their states", () => {
    const sums = ({ x, state, tokens }: Feeds) => {
      const rows = Array.from({ length: tokens }, (_, t) => part(x, 0, t));
      return { s: rows.reduce((sum, row) => op.add!(sum, row), state("s", [1, 4])), y: x };
    };
    expect(told(sums)).toEqual(SURE);
    const last = ({ x, state, tokens }: Feeds) => ({ s: op.add!(state("s", [1, 4]), part(x, 0, tokens - 1)), y: x });
    expect(told(last)).toEqual(differs("s, element 0"));
    // Of three steps the states are those after the third.
    expect(told(sums, undefined, { tokens: 3 })).toEqual(SURE);
    expect(told(last, undefined, { tokens: 3 })).toEqual(differs("s, element 0"));
  });

  test("a mask holds the numbers that its role declares", () => {
    const masked = (open: number, closed: number, make: (m: Value, tokens: number, own: Value) => Value) => {
      const build = (tokens: number) => {
        const role = { kind: "mask", open, closed, tokenAxis: 2, slotAxis: 3 } as const;
        const m = input("m", [1, 1, tokens, S], "fp16", { role }) as unknown as Value;
        const write = input("kv_write_mask", [1, 1, S, tokens]) as unknown as Value;
        const own = op.reduce_sum!(op.mul!(m, op.transpose!(write, { perm: [0, 1, 3, 2] })), {
          axes: [3],
          keep_dims: true,
        });
        return graph({ name: "g", inputs: [m, write], outputs: { y: make(m, tokens, own) } } as never);
      };
      return fingerprint(provenPair(build(2), build(1)), { prime: PRIMES[0], seed: 1, rounds: true });
    };
    // A token sees its own row.
    expect(masked(0.5, 0, (m, T, own) => op.add!(m, T === 1 ? own : 0.5))).toEqual({ equal: true, sure: false });
    const unsure = { equal: true, sure: false };
    expect(masked(1, 0, (m, T) => (T === 1 ? m : op.mul!(m, m)))).toEqual(unsure);
    expect(masked(3, 2, (m, T) => (T === 1 ? op.mul!(m, m) : op.sub!(op.mul!(m, 5), 6)))).toEqual(unsure);
    expect(masked(3, 2, (m, T) => (T === 1 ? m : op.sub!(5, m))).equal).toBe(false);
    const root = (m: Value, T: number) => (T === 1 ? op.mul!(m, 0) : op.mul!(op.sub!(m, 0.25), op.sub!(m, 1)));
    expect(masked(1, 0.25, root)).toEqual(unsure);
    const shut = (m: Value, T: number) => (T === 1 ? op.sub!(1, cast(op.less!(m, -1))) : op.exp!(m));
    expect(masked(0, -65504, shut)).toEqual(unsure);
    expect(masked(0, -10000, shut)).toEqual(SURE);
    // From -1000 on what is shut is no number: twice as much is shut alike.
    const twice = (m: Value, T: number) => (T === 1 ? m : op.mul!(m, 2));
    expect(masked(0, -1000, twice)).toEqual(unsure);
    expect(masked(0, -999, twice).equal).toBe(false);
    // Beside a number that is not known what is shut stays shut.
    const scored = (m: Value, T: number) => op.exp!(T === 1 ? op.add!(W("w", [S]), m) : op.add!(m, W("w", [S])));
    expect(masked(0, -10000, scored)).toEqual(SURE);
  });
});

describe("whole numbers", () => {
  const whole = (...data: number[]) => table_(data, [data.length], "int32");
  test("that are negative are not followed where a float op takes them", () => {
    const times = (...data: number[]) => told(({ x }) => op.mul!(x, cast(whole(...data))));
    expect(times(1, 0, 2, 3)).toEqual(SURE);
    for (const data of [
      [-2, -3, -2, -5],
      [4, -2, 0, 1],
    ])
      expect(times(...data)).toEqual({ equal: true, sure: false });
  });

  test("wrap as int32 does, beyond what doubles hold too", () => {
    const [a, b] = [2 ** 30 + 1, 2 ** 30 + 3];
    const product = Number(BigInt.asIntN(32, BigInt(a) * BigInt(b)));
    const same = (n: number) =>
      told(({ x, tokens }) => op.add!(x, cast(tokens === 2 ? op.mul!(whole(a), whole(b)) : whole(n)))).equal;
    expect([same(product), same(product + 1)]).toEqual([true, false]);
  });
});

/** A mask [1, 1, T, S] as rows of an output. */
const rowsOf = (x: Value): Value => op.reshape!(x, { shape: [-1, S] });
