/** What follows from a proof beside equality: what a step changes, what it keeps, what padding does. */
import { describe, expect, test } from "vitest";
import { named } from "../../../../src/dsl/tensor.ts";
import type { Outcome } from "../../../../src/passes/prove/attempts.ts";
import type { Consequences } from "../../../../src/passes/prove/report/aftermath.ts";
import { type Fault, type Feeds, op, type Results, type Value } from "../../../support/prove/corpus/fault.ts";
import { outcome } from "../../../support/prove/outcome.ts";

const scattered = (f: Feeds, K: Value, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });
const wide = (f: Feeds): Value => op.reshape(f.x, { shape: [1, 1, f.tokens, 4] });
const written = (f: Feeds): Value => op.reduce_sum(f.write, { axes: [3], keep_dims: true });
/** A cache that is written by the columns of the write mask. */
const blend = (f: Feeds): Value =>
  op.add(op.mul(f.state("K", [1, 1, 5, 4]), op.sub(1, written(f))), op.matmul(f.write, wide(f)));
/** Halved at every call for each of its tokens. */
const fading = (f: Feeds, name = "old"): Value =>
  Array.from({ length: f.tokens }).reduce<Value>((h) => op.mul(h, 0.5), f.state(name, [4]));
/** Of each token what its column holds at its row. */
const column = (f: Feeds): Value => op.reshape(op.reduce_sum(f.write, { axes: [2] }), { shape: [f.tokens, 1] });
const place = (f: Feeds): Value => op.cast(op.reshape(f.at, { shape: [f.tokens, 1] }), { dtype: "fp16" });

const CASES: readonly (readonly [says: string, make: (f: Feeds) => Results, expected: Consequences])[] = [
  ["nothing of rows alone", (f) => op.tanh(f.x), {}],
  ["nothing of rows that are written at their places", (f) => ({ K: scattered(f, f.state("K"), f.x) }), {}],
  ["nothing of columns that are written", (f) => ({ y: f.x, K: blend(f) }), {}],
  [
    "what a step changes",
    (f) => ({ y: f.x, old: fading(f) }),
    { changes: "a step changes old beyond the row of its token" },
  ],
  [
    "the first of two that a step changes, in two segments",
    (f) => {
      const a = named("a", op.add(f.x, op.tanh(f.x)));
      const older = op.add(fading(f, "older"), op.mul(op.reduce_sum(a, { axes: [0] }), 0));
      return { old: fading(f), y: op.tanh(a), older };
    },
    { changes: "a step changes old beyond the row of its token" },
  ],
  [
    "no padding without a write mask, whatever a step changes",
    (f) => ({ K: scattered(f, op.mul(f.state("K"), 1), f.x), old: fading(f) }),
    {
      changes: "a step changes old beyond the row of its token",
    },
  ],
  [
    "a state that a call for padding changes",
    (f) => ({ y: f.x, K: blend(f), old: fading(f) }),
    {
      changes: "a step changes old beyond the row of its token",
      padding: "a call for padding changes old",
    },
  ],
  [
    "no padding beside a position, whatever a step changes",
    (f) => ({ y: op.mul(f.x, place(f)), K: blend(f), old: fading(f) }),
    {
      changes: "a step changes old beyond the row of its token",
    },
  ],
];

describe("of two tokens", () => {
  test.each(CASES)("%s", (_, make, expected) => {
    const found = outcome({ make }, { derives: true });
    expect([found.failed?.pair.name, found.consequences]).toStrictEqual([undefined, expected]);
  });

  test("nothing is said where nobody asks", () => {
    for (const [, make] of CASES) expect(outcome({ make }).consequences).toStrictEqual({});
  });

  test("nothing is said of one token", () => {
    for (const [, make] of CASES)
      expect(outcome({ make }, { tokens: 1, derives: true }).consequences).toStrictEqual({});
  });
});

test("what equals the steps' only where no token is padding is told", () => {
  const fault: Fault = {
    make: (f) => ({ y: op.mul(f.x, column(f)), K: blend(f) }),
    step: (f) => ({ y: op.mul(f.x, 1), K: blend(f) }),
  };
  const { failed, consequences } = outcome(fault, { derives: true });
  expect([failed?.pair.name, consequences]).toStrictEqual([
    undefined,
    { padding: "y is not that of single steps when some tokens are padding" },
  ]);
});

test("what is proven does not rest on what only padding asks for, nor is it asked for twice", () => {
  const make = (f: Feeds): Results => ({ y: f.x, K: blend(f) });
  const [alone, derived] = [outcome({ make }), outcome({ make }, { derives: true })];
  const needs = ({ record }: Outcome) => [...record.used.keys()].sort();
  expect(needs(derived)).toEqual(needs(alone));
  expect(derived.compared).toBe(alone.compared);
});

test("a failure is told as it is where no token is padding", () => {
  const fault: Fault = { make: (f) => ({ y: op.mul(f.x, f.tokens), K: blend(f) }) };
  const told = (derives: boolean) => {
    const { site: _, ...finding } = outcome(fault, { derives }).failed!.explain();
    return finding;
  };
  expect(told(true)).toStrictEqual(told(false));
  expect(told(true)).toMatchObject({ value: "y" });
});

test("each segment is asked: what a later one does is told as well", () => {
  const make = (f: Feeds): Results => {
    const a = named("a", op.add(f.x, op.tanh(f.x)));
    const K = op.add(
      op.mul(f.state("K", [1, 1, 5, 4]), 1),
      op.matmul(f.write, op.reshape(op.tanh(a), { shape: [1, 1, f.tokens, 4] })),
    );
    return { old: fading(f), y: op.tanh(a), K };
  };
  expect(outcome({ make }, { derives: true })).toMatchObject({
    segments: 2,
    consequences: {
      changes: "a step changes old beyond the row of its token",
      keepsOld: "the new row of K depends on what stood in it",
      padding: "a call for padding changes old",
    },
  });
});
