/** Rows that are looked up by numbers which are computed at run time: tokens' ids, the numbers of experts. */
import { describe, expect, test } from "vitest";
import { usedOf } from "../../../../src/passes/prove/report/used.ts";
import { type Feeds, op, type Results, table_, type Value } from "../../../support/prove/corpus/fault.ts";
import { outcome } from "../../../support/prove/outcome.ts";

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

  test("of a whole number that a float type may not hold is no other spelling of that number", () => {
    const through = (dtype: string, x: Value): Value => op.cast(op.cast(x, { dtype }), { dtype: "int32" });
    const big = (f: Feeds, at: Value): Value => op.gather(f.shared("table", [70000, 4]), at, { axis: 0 });
    const ids = (f: Feeds): Value => numberOf(f.x);
    const pairs = (dtype: string, of: (f: Feeds) => Value) =>
      judged((f) => big(f, f.tokens > 1 ? through(dtype, of(f)) : of(f))).equal;
    for (const dtype of ["fp16", "fp32"]) expect(pairs(dtype, ids)).toBe(false);
    const known = (n: number) => (f: Feeds) => op.add(op.mul(ids(f), 0), n);
    expect([pairs("fp16", known(4097)), pairs("fp32", known(4097)), pairs("fp16", known(4096))]).toEqual([
      false,
      true,
      true,
    ]);
    const narrow = (dtype: string) => (f: Feeds) => op.cast(op.cast(ids(f), { dtype }), { dtype: "int32" });
    expect([pairs("fp16", narrow("uint8")), pairs("fp16", narrow("uint16")), pairs("fp32", narrow("uint16"))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("by a number that is made of floats says over the reals that it rests on their roundings", () => {
    const best = (f: Feeds): Value =>
      op.reduce_argmax(f.tokens > 1 ? op.sub(op.add(f.x, 1), 1) : f.x, { axis: 1, keep_dims: false });
    const saysOf = (of: (f: Feeds) => Value) =>
      usedOf(outcome({ make: (f) => looked(f, of(f)) }).record).find(({ id }) => id === "P12")?.says;
    expect(saysOf(best)).toMatch(/: what is computed from x in \[0, 9\); and .* roundings leave it/);
    expect(saysOf((f) => numberOf(f.x))).toMatch(/computed from x in \[0, 9\)$/);
  });
});

describe("updates that meet at one place", () => {
  const into = (name: "scatter" | "scatter_nd" | "scatter_along_axis", mode: string, dtype: string) => (f: Feeds) => {
    const s = f.state("K");
    const x = op.cast(f.x, { dtype });
    const places = { scatter: [f.tokens], scatter_nd: [f.tokens, 1], scatter_along_axis: [f.tokens, 4] }[name];
    const at = table_(Array(places.reduce((a, b) => a * b, 1)).fill(0), places, "int32");
    const axis = name === "scatter_nd" ? {} : { axis: 0 };
    return { K: op.cast(op[name](op.cast(s, { dtype }), at, x, { ...axis, mode }), { dtype: "fp16" }), y: f.x };
  };
  test.each(["scatter", "scatter_nd", "scatter_along_axis"] as const)("by %s have no order", (name) => {
    for (const mode of ["add", "mul"]) expect(outcome({ make: into(name, mode, "fp16") }).level).toBe("reals");
    expect(outcome({ make: into(name, "max", "fp16") }).level).toBe("exact");
    expect(outcome({ make: into(name, "add", "int32") }).level).toBe("exact");
  });
});
