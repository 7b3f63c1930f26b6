/** What a token leaves behind, read off small graphs: which elements a step changes, and whether it reads rows that are shut for it. */
import { describe, expect, test } from "vitest";
import { cutPairs } from "../../../../src/passes/prove/program/cuts.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { newPrograms } from "../../../../src/passes/prove/program/program.ts";
import { resultPairs } from "../../../../src/passes/prove/program/results.ts";
import { aftermathOf, type Consequences, changedByPadding } from "../../../../src/passes/prove/report/aftermath.ts";
import { newContext } from "../../../../src/passes/prove/rules/context.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import {
  type Feeds,
  op,
  pairOf,
  part,
  type Results,
  rolled,
  S,
  type Value,
} from "../../../support/prove/corpus/fault.ts";

type Make = (f: Feeds) => Results;

function programsOf(make: Make, column: "one" | "zero") {
  const { block, step } = pairOf({ make }, 2, false);
  const pair = provenPair(block, step);
  const assumed = { mode: "exact", twoValued: false, contiguous: false, column } as const;
  return [newPrograms(newContext(assumed, pair, RULES), pair, cutPairs([])), resultPairs(pair)] as const;
}
const after = (make: Make): Consequences => aftermathOf(...programsOf(make, "one"));

/** A cache whose rows are written by positions, or by a write mask. */
const scattered = (f: Feeds): Value => op.scatter(f.state("K"), f.at, f.x, { axis: 0, mode: "update" });
const column = (f: Feeds): Value => op.reshape(f.write, { shape: [S, f.tokens] });
const kept = (f: Feeds): Value => op.sub(1, op.reduce_sum(column(f), { axes: [1], keep_dims: true }));
const blended = (f: Feeds): Value => op.add(op.mul(f.state("K"), kept(f)), op.matmul(column(f), f.x));
const turned = (f: Feeds): Value =>
  op.scatter(f.state("K", [4, S]), f.at, op.transpose(f.x, { perm: [1, 0] }), { axis: 1, mode: "update" });

/** Attention of x to all rows of K, by the mask or without. */
const scores = (f: Feeds, K: Value): Value => op.matmul(f.x, K, { transpose_y: true });
const masked = (f: Feeds, K: Value): Value => op.add(scores(f, K), op.reshape(f.mask(), { shape: [f.tokens, S] }));
const attend = (f: Feeds, K: Value, by = masked): Value => op.matmul(op.softmax(by(f, K), { axis: 1 }), K);

/** A cache, and what is read beside it or of it as it is afterwards. */
const cached =
  (read: (f: Feeds, K: Value) => Value, write: (f: Feeds) => Value = scattered): Make =>
  (f) => {
    const K = write(f);
    return { K, y: read(f, K) };
  };

describe("nothing is left behind", () => {
  test.each<readonly [string, Make]>([
    ["by a graph without states", (f) => op.exp(f.x)],
    ["by rows that are written over", (f) => ({ K: scattered(f) })],
    ["… along another axis", (f) => ({ K: turned(f), y: f.x })],
    ["… by a write mask", (f) => ({ K: blended(f) })],
    ["by a state that is not touched", (f) => ({ K: f.state("K"), y: f.x })],
    ["… nor read beside one that is", (f) => ({ K: scattered(f), M: f.state("M", [3]) })],
    ["by a token that reads its own new row", cached((f, K) => op.gather(K, f.at, { axis: 0 }))],
    ["by attention to the rows that the mask opens", cached((f, K) => attend(f, K))],
    ["… and what each of them weighs", cached((f, K) => op.softmax(masked(f, K), { axis: 1 }))],
    ["… of a cache that is blended", cached((f, K) => attend(f, K), blended)],
  ])("%s", (_, make) => {
    expect(after(make)).toEqual({});
  });
});

describe("a step changes a state beyond its row", () => {
  test.each<readonly [string, string, Make]>([
    ["all of a cache", "K", (f) => ({ K: op.mul(scattered(f), 0.5) })],
    [
      "a state without rows",
      "total",
      (f) => ({ total: op.add(f.state("total", [4]), op.reduce_sum(f.x, { axes: [0] })) }),
    ],
    ["a state that becomes another", "K", (f) => exchanged(f, f.state("K"), f.state("L"))],
    [
      "a state whose elements change places",
      "K",
      (f) => exchanged(f, f.state("K", [4, 4]), op.transpose(f.state("K"), { perm: [1, 0] })),
    ],
    ["… along one axis", "K", (f) => exchanged(f, f.state("K", [3, 4]), rolled(f.state("K"), 1))],
    ["a part of a state", "K", (f) => exchanged(f, f.state("K", [3, 4]), firstHalved(f.state("K")))],
    ["a state that becomes an input", "K", (f) => exchanged(f, f.state("K"), f.shared("other", [S, 4]))],
    ["one that cannot be read", "total", (f) => ({ total: unreadable(f, f.state("total", [4])) })],
  ])("%s", (_, name, make) => {
    expect(after(make)).toEqual({ changes: `a step changes ${name} beyond the row of its token` });
  });
});

describe("a new row depends on what stood in it", () => {
  test.each<readonly [string, Make]>([
    ["where rows are added on top", (f) => ({ K: op.scatter(f.state("K"), f.at, f.x, { axis: 0, mode: "add" }) })],
    ["where it holds what stood there", (f) => ({ K: op.add(f.state("K"), op.mul(op.matmul(column(f), f.x), 1)) })],
  ])("%s", (_, make) => {
    expect(after(make)).toEqual({ keepsOld: "the new row of K depends on what stood in it" });
  });
});

describe("a result depends on rows that are shut for its token", () => {
  test.each<readonly [string, Make]>([
    ["where there is no mask", cached((f, K) => attend(f, K, scores))],
    ["where a state is read whole", (f) => op.add(f.x, op.reduce_sum(f.state("total", [4]), { axes: [0] }))],
    ["… row by row", (f) => op.add(f.x, op.reduce_sum(f.state("total", [4, 4]), { axes: [0] }))],
    ["where an element of a state is read", (f) => op.add(f.x, part(f.state("total", [4]), 0, 2))],
    ["where its own row is read before it is written", cached((f) => op.gather(f.state("K"), f.at, { axis: 0 }))],
    [
      "also beside rows that it may read",
      cached((f, K) => op.add(attend(f, K), op.gather(f.state("L"), f.at, { axis: 0 }))),
    ],
    ["where it cannot be read", (f) => unreadable(f, f.x)],
  ])("%s", (_, make) => {
    expect(after(make)).toEqual({ readsStale: "y depends on cache rows that are shut for its token" });
  });
});

test("every reason is told once, of the first value that it is about", () => {
  const { changes, keepsOld, readsStale } = after((f) => ({
    K: op.mul(op.scatter(f.state("K"), f.at, f.x, { axis: 0, mode: "add" }), 0.5),
    L: op.mul(op.scatter(f.state("L"), f.at, f.x, { axis: 0, mode: "add" }), 0.5),
    a: op.gather(f.state("K"), f.at, { axis: 0 }),
    b: op.gather(f.state("L"), f.at, { axis: 0 }),
  }));
  expect([changes, keepsOld, readsStale]).toEqual([
    "a step changes K beyond the row of its token",
    "the new row of K depends on what stood in it",
    "a depends on cache rows that are shut for its token",
  ]);
});

describe("a call for padding", () => {
  test.each<readonly [string, string | undefined, Make]>([
    ["leaves a cache that is blended", undefined, (f) => ({ K: blended(f) })],
    ["leaves a state that is not touched", undefined, (f) => ({ K: blended(f), M: f.state("M", [3]) })],
    ["leaves what it adds rows to", undefined, (f) => ({ K: op.add(f.state("K"), op.matmul(column(f), f.x)) })],
    ["may show anything", undefined, (f) => ({ K: blended(f), y: op.exp(f.x) })],
    ["changes a cache that fades", "K", (f) => ({ K: op.mul(blended(f), 0.5) })],
    [
      "changes one of two",
      "total",
      (f) => ({
        K: blended(f),
        total: op.add(f.state("total", [4]), op.reduce_sum(f.x, { axes: [0] })),
      }),
    ],
    ["changes a part of a state", "M", (f) => ({ K: blended(f), M: firstHalved(f.state("M", [3, 4])) })],
    ["changes a state that becomes another", "K", (f) => exchanged(f, f.state("K"), op.mul(f.state("L"), kept(f)))],
    [
      "may change what cannot be read",
      "total",
      (f) => ({ K: blended(f), total: unreadable(f, f.state("total", [4])) }),
    ],
  ])("%s", (_, name, make) => {
    expect(changedByPadding(...programsOf(make, "zero"))).toBe(name);
  });
});

const firstHalved = (x: Value): Value =>
  op.concat([op.mul(part(x, 0, 0), 0.5), part(x, 0, 1, x.type.shape[0]! - 1)], { axis: 0 });

/** The state holds the other value at exit. */
const exchanged = (f: Feeds, from: Value, to: Value): Results => ({ [from.name!]: to, y: f.x });

/** Elements of a value at places that are computed from x. */
function unreadable(f: Feeds, value: Value): Value {
  const places = op.cast(op.slice_by_size(f.x, [0, 0], { size: [1, value.type.shape[0]!] }), { dtype: "int32" });
  return op.gather(value, op.reshape(places, { shape: [value.type.shape[0]!] }), { axis: 0 });
}
