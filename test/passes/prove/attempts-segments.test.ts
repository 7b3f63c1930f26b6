/** The segments of a proof: each is proven once, the whole is as weak as the weakest, and what they used adds up. */
import { describe, expect, test } from "vitest";
import { named } from "../../../src/dsl/tensor.ts";
import type { Outcome } from "../../../src/passes/prove/attempts.ts";
import { type Feeds, op, table_, type Value } from "../../support/prove/corpus/fault.ts";
import { exact, type Layer, reals, stack, wrong } from "../../support/prove/layers.ts";
import { outcome } from "../../support/prove/outcome.ts";

describe("segments", () => {
  test("that are renamings of one another are proven once", () => {
    const calls: (readonly number[])[] = [];
    const found = outcome(stack(exact("a"), exact("b"), exact("c")), { progress: (...at) => calls.push(at) });
    expect(found).toMatchObject({ level: "exact", segments: 4, distinct: 2 });
    expect([...["failed", "notExact"].map((key) => key in found), found.compared]).toEqual([false, false, 4]);
    expect(calls).toEqual([0, 1, 2, 3].map((k) => [k, 4]));
  });

  test("end with the first that fails", () => {
    const calls: (readonly number[])[] = [];
    const found = outcome(stack(exact("a"), wrong("b"), exact("c")), { progress: (...at) => calls.push(at) });
    expect(found).toMatchObject({ segments: 4, distinct: 2, failed: { pair: { name: "b" } } });
    expect(calls).toEqual([0, 1].map((k) => [k, 4]));
  });

  test.each<readonly [says: string, layers: readonly Layer[], level: string, notExact: string | undefined]>([
    ["all exact", [exact("a"), exact("b", 3)], "exact", undefined],
    ["the first over the reals", [reals("a"), exact("b")], "reals", "a"],
    ["the last over the reals", [exact("a"), reals("b")], "reals", "b"],
    ["two over the reals", [reals("a"), exact("b"), (h, f) => reals("c")(op.sin(h), f)], "reals", "a"],
    ["two alike over the reals", [reals("a"), reals("b")], "reals", "a"],
  ])("%s: the whole is as weak as the weakest", (_, layers, level, notExact) => {
    const found = outcome(stack(...layers));
    expect([found.failed, found.level, found.notExact?.pair.name]).toEqual([undefined, level, notExact]);
  });

  test("add up: rules that fired, places compared, terms made, inputs that a precondition is about", () => {
    const first = (h: Value, _: Feeds) => op.add(op.add(h, 0), op.mul(op.exp(h), 1));
    const second = (h: Value, f: Feeds) => op.add(h, op.mul(op.sin(op.add(h, 0)), f.z));
    const whole = outcome({ make: (f) => second(named("a", first(f.x, f)), f) });
    const [one, two] = [first, second].map((part) => outcome({ make: (f) => part(f.x, f) }, { cut: false })) as [
      Outcome,
      Outcome,
    ];
    expect([whole.segments, whole.distinct]).toEqual([2, 2]);
    const sumOf = (rule: string) => [one, two].reduce((sum, part) => sum + (part.record.counts.get(rule) ?? 0), 0);
    for (const rule of ["add-zero", "mul-one"]) {
      expect(sumOf(rule)).toBeGreaterThan(0);
      expect([rule, whole.record.counts.get(rule)]).toEqual([rule, sumOf(rule)]);
    }
    expect(one.terms).toBeGreaterThan(0);
    expect([whole.compared, whole.terms]).toEqual([one.compared + two.compared, one.terms + two.terms]);
    expect([...whole.record.used.get("P6")!].sort()).toEqual(["x", "z"]);
  });

  test("take the least bound, whichever has it", () => {
    const masked = (f: Feeds, h: Value, scores: number) => {
      const score = op.reshape(op.reduce_sum(h, { axes: [1] }), { shape: [1, 1, f.tokens, 1] });
      return op.exp(Array.from({ length: scores }).reduce<Value>((sum) => op.add(sum, score), f.mask()));
    };
    const bound = (...scores: readonly [number, number]) => {
      const make = (f: Feeds) => {
        const a = named("a", op.add(f.x, op.tanh(f.x)));
        return { u: masked(f, f.z, scores[0]), v: masked(f, a, scores[1]), y: op.sin(a) };
      };
      const { failed, segments, record } = outcome({ make });
      expect([failed, segments]).toEqual([undefined, 2]);
      return record.gap;
    };
    expect(bound(1, 1)).toBeGreaterThan(bound(2, 2));
    expect([bound(1, 2), bound(2, 1)]).toEqual([bound(2, 2), bound(2, 2)]);
  });

  test("are of this number of cache rows where one of them is", () => {
    const early = (f: Feeds, h: Value) => {
      const is = op.cast(op.less(f.at, table_([2], [1], "int32")), { dtype: "fp16" });
      return op.mul(h, op.reshape(is, { shape: [f.tokens, 1] }));
    };
    const sized = (first: boolean, last: boolean) => {
      const make = (f: Feeds) => {
        const a = named("a", op.add(f.x, op.tanh(f.x)));
        const [u, v] = [first ? early(f, f.z) : f.z, last ? early(f, a) : op.sin(a)];
        return { u, v, y: op.sin(a), K: scattered(f, f.state("K"), f.x) };
      };
      const { failed, segments, record } = outcome({ make });
      return [failed, segments, record.sized];
    };
    expect([sized(false, false), sized(true, false), sized(false, true)]).toEqual(
      [false, true, true].map((expected) => [undefined, 2, expected]),
    );
  });

  test("take every axis of rows", () => {
    const read = (f: Feeds, h: Value, name: string, rows: number) => {
      const K = scattered(f, f.state(name, [rows, 4]), h);
      return { K, y: op.add(h, op.gather(K, f.at, { axis: 0 })) };
    };
    const make = (f: Feeds) => {
      const [a, b] = [read(f, f.x, "K", 5), read(f, f.x, "L", 7)];
      const c = read(f, named("c", op.add(op.exp(a.y), b.y)), "M", 6);
      return { K: a.K, L: b.K, M: c.K, y: c.y };
    };
    const found = outcome({ make });
    expect([found.failed, [...found.record.rowAxes].sort()]).toEqual([undefined, [5, 6, 7]]);
  });
});

const scattered = (f: Feeds, K: Value, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });
