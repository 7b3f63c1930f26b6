/** What is asked for again: made once, and every rule counted as if it had been made anew. */
import { expect, test } from "vitest";
import { again, count, forGood, type Made } from "../../../../src/passes/prove/logic/memo.ts";
import { newSetting } from "../../../../src/passes/prove/logic/setting.ts";

const attempt = () =>
  newSetting({ mode: "exact", twoValued: false, contiguous: false, column: "one" }, { tokens: 2, lastRow: 4 });
const counted = (c: ReturnType<typeof attempt>) => Object.fromEntries(c.record.counts);

function counting<X>(c: ReturnType<typeof attempt>, rule: string, made: X): X {
  count(c, rule);
  return made;
}

test("it is made once, and its rules count each time", () => {
  const [c, memo] = [attempt(), new Map<string, Made<number>>()];
  let made = 0;
  const ask = () =>
    again(c, memo, "k", () => {
      count(c, "a", 2);
      return ++made;
    });
  expect([ask(), ask(), ask()]).toEqual([1, 1, 1]);
  expect(counted(c)).toEqual({ a: 6 });
});

test("another key is made by itself", () => {
  const [c, memo] = [attempt(), new Map<string, Made<string>>()];
  expect(["k", "l", "k"].map((key) => again(c, memo, key, () => `${key}${memo.size}`))).toEqual(["k0", "l1", "k0"]);
});

test("that nothing came of it is kept too", () => {
  const [c, memo] = [attempt(), new Map<string, Made<undefined>>()];
  const ask = () => again(c, memo, "k", () => count(c, "a") as undefined);
  expect([ask(), ask()]).toEqual([undefined, undefined]);
  expect(counted(c)).toEqual({ a: 2 });
});

test("what is made for good on the way counts once", () => {
  const [c, memo] = [attempt(), new Map<string, Made<number>>()];
  let good = 0;
  const kept = () => {
    good ||= forGood(c, () => counting(c, "good", 7));
    return counting(c, "a", good);
  };
  const ask = () => again(c, memo, "k", kept);
  expect([ask(), ask()]).toEqual([7, 7]);
  expect(counted(c)).toEqual({ a: 2, good: 1 });
});

test("one inside another counts as if both were made anew", () => {
  const [c, inner, outer] = [attempt(), new Map<string, Made<number>>(), new Map<string, Made<number>>()];
  const ask = () =>
    again(c, outer, "o", () => {
      count(c, "b");
      return again(c, inner, "i", () => counting(c, "a", 1)) + again(c, inner, "i", () => counting(c, "a", 2));
    });
  expect([ask(), ask()]).toEqual([2, 2]);
  expect(counted(c)).toEqual({ b: 2, a: 4 });
});

test("what throws is not kept, and throws again; what follows counts as before", () => {
  const [c, memo] = [attempt(), new Map<string, Made<number>>()];
  const ask = () =>
    again(c, memo, "k", () => {
      count(c, "a");
      throw new Error("no");
    });
  expect(ask).toThrow("no");
  expect(ask).toThrow("no");
  expect([counted(c), memo.size, c.counting.again]).toEqual([{ a: 2 }, 0, undefined]);
  expect(() =>
    forGood(c, () => {
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(c.counting.again).toBeUndefined();
});
