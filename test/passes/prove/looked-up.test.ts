/** Rows that are looked up by numbers which are computed at run time: tokens' ids, the numbers of experts. */
import { describe, expect, test } from "vitest";
import { usedOf } from "../../../src/passes/prove/report/used.ts";
import { type Feeds, op, type Results, type Value } from "../../support/prove/corpus/fault.ts";
import { outcome } from "../../support/prove/outcome.ts";

const scattered = (f: Feeds, rows: Value): Value => op.scatter(f.state("K"), f.at, rows, { axis: 0, mode: "update" });
/** A whole number for each token: [T]. */
const numberOf = (of: Value): Value => op.cast(op.reduce_sum(of, { axes: [1] }), { dtype: "int32" });
const looked = (f: Feeds, at: Value): Value => op.gather(f.shared("table", [9, 4]), at, { axis: 0 });

function judged(make: (f: Feeds) => Results) {
  const found = outcome({ make }, { derives: true });
  return { ...found, equal: found.failed === undefined, used: usedOf(found.record).map(({ id }) => id) };
}

describe("a look-up by a computed number", () => {
  test("is proven, inside the axis", () => {
    const found = judged((f) => looked(f, numberOf(f.x)));
    expect(found.equal).toBe(true);
    expect(found.used).toContain("P12");
  });

  test("of another token's number is not", () => {
    const first = (f: Feeds): Value =>
      op.gather(
        numberOf(f.x),
        Array.from({ length: f.tokens }, () => 0),
        { axis: 0 },
      );
    expect(judged((f) => looked(f, first(f))).equal).toBe(false);
  });

  test("of another number of the same token is not", () => {
    const other = (f: Feeds): Value => (f.tokens > 1 ? op.add(numberOf(f.x), 1) : numberOf(f.x));
    expect(judged((f) => looked(f, other(f))).equal).toBe(false);
  });

  test("by a number that rests on stale rows denies what rests on none being read", () => {
    const stale = (f: Feeds): Value => op.cast(op.reduce_sum(f.state("K"), { axes: [0, 1] }), { dtype: "int32" });
    const row = (f: Feeds): Value => op.reshape(looked(f, op.reshape(stale(f), { shape: [1] })), { shape: [1, 4] });
    expect(
      judged((f) => ({ y: op.add(f.x, row(f)), K: op.mul(f.state("K"), 1) })).consequences.readsStale,
    ).toBeDefined();
    expect(judged((f) => ({ y: op.add(f.x, looked(f, numberOf(f.x))), K: scattered(f, f.x) })).consequences).toEqual(
      {},
    );
  });
});
