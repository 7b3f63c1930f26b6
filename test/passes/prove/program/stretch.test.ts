/** Recursion in stretches: no chain is too long, none nests deeper than the stack, and what is thrown goes where it would have gone. */
import { expect, test } from "vitest";
import { inStretches, oneDeeper, type Stretch } from "../../../../src/passes/prove/program/stretch.ts";

test.each([0, 1, 149, 150, 151, 300, 5_000])("a chain of %i links below the first is made", (n) => {
  const made = chain((k, below) => (k === 0 ? 0 : below(k - 1) + k));
  expect(made.of(n)).toBe((n * (n + 1)) / 2);
  expect(made.stretch.nested).toBe(0);
  expect(made.deepest()).toBe(Math.min(n + 1, 151));
});

test("a chain of one stretch is made without beginning anything twice", () => {
  const made = chain((k, below) => (k === 0 ? 0 : below(k - 1)));
  made.of(150);
  expect(made.begun).toEqual(Array.from({ length: 151 }, (_, k) => 150 - k));
});

test("where it nests too deep, what lies halfway down is made first, and so on", () => {
  const made = chain((k, below) => (k === 0 ? 0 : below(k - 1)));
  made.of(370);
  // 370 and 150 below it; 74 below 370 then begins by itself, and so each time. The last of them reaches the end.
  const tops = made.begun.filter((k, at) => at === 0 || k !== made.begun[at - 1]! - 1);
  expect(tops.slice(0, 4)).toEqual([370, 296, 222, 148]);
  // Then those that wait, the last first, and all that was made is kept.
  expect(tops.slice(4)).toEqual([222, 296, 370]);
  expect(made.begun.filter((k) => k === 0)).toHaveLength(1);
});

test("a chain that is met from two sides is made once", () => {
  const made = chain((k, below) => (k === 0 ? 1 : below(k - 1) + below(k >> 1)));
  made.of(1000);
  expect(made.begun.filter((k) => k === 7)).toHaveLength(1);
  expect(made.begun.length).toBeLessThan(3000);
});

/** What is thrown need not be an error, and may be nothing at all. */
const THROWN: readonly (readonly [says: string, reason: unknown])[] = [
  ["an error", new Error("own")],
  ["a text", "needed"],
  ["a number", 7],
  ["null", null],
  ["undefined", undefined],
  ["an object", { cases: 1 }],
];

test.each(THROWN)("%s at the bottom of a short chain and of a long one comes out as it is", (_, reason) => {
  for (const n of [0, 3, 200, 1000]) {
    const made = chain((k, below) => {
      if (k > 0) return below(k - 1);
      throw reason;
    });
    expect(thrownBy(() => made.of(n))).toBe(reason);
    expect(made.stretch.nested).toBe(0);
  }
});

test.each([20, 400])("what is thrown may be caught on the way, %i above the bottom", (above) => {
  const made = chain((k, below) => {
    if (k === 0) throw new Error("own");
    if (k !== above) return below(k - 1) + 1;
    try {
      return below(k - 1);
    } catch (reason) {
      if (reason instanceof Error) return 1000;
      throw reason;
    }
  });
  // 1,000 for what failed, and one for each of the 500 above.
  expect(made.of(above + 500)).toBe(1500);
});

interface Chain {
  of(n: number): number;
  readonly stretch: Stretch;
  /** Numbers whose making was begun, in order. */
  readonly begun: readonly number[];
  deepest(): number;
}

/** Numbers made from smaller ones; each is kept once it is made or has failed. */
function chain(make: (k: number, below: (k: number) => number) => number): Chain {
  const stretch: Stretch = { nested: 0 };
  const kept = new Map<number, () => number>();
  const begun: number[] = [];
  let deepest = 0;
  const of = (n: number): number => inStretches(stretch, n, made);
  const made = (k: number): number => {
    const known = kept.get(k);
    if (known) return known();
    begun.push(k);
    return keep(k, () =>
      oneDeeper(stretch, k, () => {
        deepest = Math.max(deepest, stretch.nested);
        return make(k, of);
      }),
    );
  };
  const keep = (k: number, one: () => number): number => {
    try {
      const value = one();
      kept.set(k, () => value);
      return value;
    } catch (reason) {
      const again = typeof reason === "object" && reason !== null && "needed" in reason;
      if (!again)
        kept.set(k, () => {
          throw reason;
        });
      throw reason;
    }
  };
  return { of, stretch, begun, deepest: () => deepest };
}

/** What was thrown; "nothing was" where it ended well. */
function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (reason) {
    return reason;
  }
  return "nothing was";
}
