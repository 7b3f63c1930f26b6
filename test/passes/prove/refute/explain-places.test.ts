/** How a difference is told: its place, the smallest parts that differ, the op, and what would close the gap. */
import { describe, expect, test } from "vitest";
import { type Feeds, op, part, type Value } from "../../../support/prove/corpus/fault.ts";
import { explained, found, type Make } from "../../../support/prove/explained.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";

const by = (x: Value, k: number): Value => op.mul(x, k);
const scatter = (f: Feeds, rows: Value): Value => op.scatter(f.state("K"), f.at, rows, { axis: 0, mode: "update" });
const total = (f: Feeds): Value => f.state("total", [4]);

describe("the place", () => {
  test.each<readonly [string, number, Make, Make]>([
    ["token 0, at [0, i1]", 2, (f) => by(f.x, 2), (f) => op.exp(f.x)],
    ["token 0, at [i0, i1]", 1, (f) => op.tanh(f.shared("s", [2, 4])), (f) => op.exp(f.shared("s", [2, 4]))],
    ["cache row of token 0, at [w0, i1]", 2, (f) => ({ K: scatter(f, f.z) }), (f) => ({ K: scatter(f, f.x) })],
    [
      "cache row of token 1, at [w1, i1]",
      2,
      (f) => ({ K: scatter(f, op.concat([part(f.x, 0, 0), by(part(f.x, 0, 1), 2)], { axis: 0 })) }),
      (f) => ({ K: scatter(f, f.x) }),
    ],
    [
      "a cache row no token writes, at [u0, i1]",
      2,
      (f) => ({ K: op.scatter(by(f.state("K"), 2), f.at, f.x, { axis: 0, mode: "update" }) }),
      (f) => ({ K: scatter(f, f.x) }),
    ],
    ["state at [i0]", 2, (f) => ({ total: by(total(f), 2), y: f.x }), (f) => ({ total: op.exp(total(f)), y: f.x })],
  ])("%s, of %d tokens", (where, tokens, block, step) => {
    expect(found(block, step, { tokens }).where).toBe(where);
  });
});

describe("the op and the author's line", () => {
  test("are those of the block's value", () => {
    const { finding, graphs } = explained(
      (f) => by(f.x, 2),
      (f) => op.exp(f.x),
    );
    expect(finding().op).toBe("mul");
    expect(finding().site).toBe(graphs.block.outputs.y!.site);
  });

  test("a state that is left as it is has its kind for an op", () => {
    expect(
      found(
        (f) => ({ K: f.state("K") }),
        (f) => ({ K: scatter(f, f.x) }),
      ),
    ).toMatchObject({
      value: "K",
      op: "state",
    });
  });
});

const sum = (x: Value): Value => op.reduce_sum(x, { axes: [1], keep_dims: true });
const most = (x: Value): Value => op.reduce_max(x, { axes: [1], keep_dims: true });
const least = (x: Value): Value => op.reduce_min(x, { axes: [1], keep_dims: true });
const w = (f: Feeds): Value => f.rows("w", 4);
const z0 = (f: Feeds): Value => part(f.z, 1, 0);

/** Neither graph has an op of the other's beside, so that only the results are compared. */
describe("the smallest parts that differ", () => {
  test.each<readonly [string, Make, Make, string, string]>([
    ["of functions", (f) => op.exp(op.tanh(f.x)), (f) => op.exp(op.abs(f.x)), "tanh(x[0, i1])", "abs(x[0, i1])"],
    [
      "of the second operand",
      (f) => op.real_div(f.x, op.exp(f.z)),
      (f) => op.real_div(f.x, f.z),
      "exp(z[0, i1])",
      "z[0, i1]",
    ],
    [
      "of the first operand",
      (f) => op.real_div(op.exp(f.x), f.z),
      (f) => op.real_div(f.x, f.z),
      "exp(x[0, i1])",
      "x[0, i1]",
    ],
    ["of places", (f) => op.exp(part(f.z, 1, 1)), (f) => op.exp(z0(f)), "z[0, 1]", "z[0, 0]"],
    ["in the body of a sum", (f) => sum(op.tanh(f.x)), (f) => sum(op.abs(f.x)), "tanh(x[0, v0])", "abs(x[0, v0])"],
    [
      "in what a sum has from outside",
      (f) => sum(by(op.mul(f.x, op.exp(z0(f))), 1)),
      (f) => sum(op.mul(f.x, op.tanh(z0(f)))),
      "exp(z[0, 0])",
      "tanh(z[0, 0])",
    ],
    ["of a sum and a function", (f) => sum(f.x), (f) => op.exp(z0(f)), "sum{4}(x[0, b])", "exp(z[0, 0])"],
    ["of a function and a sum", (f) => op.exp(z0(f)), (f) => sum(f.x), "exp(z[0, 0])", "sum{4}(x[0, b])"],
    ["of a sum and a maximum", (f) => sum(op.exp(f.x)), (f) => most(f.z), "sum{4}(exp(x[0, b]))", "max{4}(z[0, b])"],
    [
      "of a maximum and a minimum",
      (f) => most(op.tanh(f.x)),
      (f) => least(f.z),
      "max{4}(tanh(x[0, b]))",
      "min{4}(z[0, b])",
    ],
  ])("%s", (_, block, step, a, b) => {
    expect(found(block, step)).toMatchObject({ block: a, step: b });
    expect(found(step, block)).toMatchObject({ block: b, step: a });
  });

  test("of sums that hold the same are the sums", () => {
    const { c, finding } = explained(
      (f) => op.exp(f.x),
      (f) => op.tanh(f.x),
    );
    const r = rawTerms(c);
    const sumOf = (unread: string) => r.app("sum", r.hole(0), r.input("x"), r.input(unread));
    expect(finding({ block: sumOf("y"), step: sumOf("z") })).toMatchObject({ block: "sum{3}(·)", step: "sum{3}(·)" });
  });

  test("of different numbers of operands are the whole", () => {
    const two: Make = (f) => op.maximum(f.x, f.z);
    const three: Make = (f) => op.maximum(op.maximum(f.x, f.z), w(f));
    const other: Make = (f) => op.maximum(op.maximum(f.x, w(f)), f.rows("v", 4));
    for (const [a, b] of [
      [two, three],
      [two, other],
    ] as const) {
      const told = found(a, b);
      expect(told.block!.match(/\[/g)).toHaveLength(2);
      expect(told.step!.match(/\[/g)).toHaveLength(3);
      expect(found(b, a)).toMatchObject({ block: told.step, step: told.block });
    }
  });
});

describe("what would close the gap", () => {
  test("is told of numbers, in exact proofs too", () => {
    expect(
      found(
        (f) => sum(by(f.x, 2)),
        (f) => sum(by(f.x, 3)),
      ),
    ).toMatchObject({
      block: "2",
      step: "3",
      hint: "a rule that takes 2 and 3 for one number",
    });
  });

  test("is told of constants over the reals", () => {
    const plus =
      (k: number): Make =>
      ({ x }) =>
        op.exp(op.add(x, k));
    expect(found(plus(1.5), plus(1.25), { mode: "reals" }).hint).toContain("differ in their constants only");
  });

  test("is not known of others, and not told", () => {
    expect(
      found(
        (f) => op.exp(f.x),
        (f) => op.tanh(f.x),
      ),
    ).not.toHaveProperty("hint");
  });
});
