/** Where a value differs: in a state after the last token, and never where a token has to do with a later one's row. */
import { describe, expect, test } from "vitest";
import { add, mul, reduce_sum } from "../../../../src/dsl/ops/index.ts";
import { pinpoint } from "../../../../src/passes/prove/refute/pinpoint.ts";
import { as, finding, type Make, nothing, off, parted, plus, type Value } from "../../../support/prove/parted.ts";

const shown = (make: Make, at: string, more?: Parameters<typeof parted>[1]) => {
  const { finding: told, counterexample } = pinpoint(finding(at), parted(make, more), nothing);
  return { where: told.where, op: told.op, ...counterexample.value };
};

describe("on the way", () => {
  const S = 5;
  /** Scores of every token against every cache row, the block's with something added; they have no part in y. */
  const scores =
    (at: Readonly<Record<number, number>>, slots = S): Make =>
    ({ x, mask, tokens }) => {
      const found = as("scores", plus(mask, off([tokens, slots], tokens > 1 ? at : {})));
      return { y: plus(x, mul(reduce_sum(found, { axes: [1], keep_dims: true }), 0) as Value) };
    };
  const at = (token: number, row: number) => token * S + row;

  // Tokens 0, 1 and 2 write rows 3, 0 and 4.
  test.each<readonly [string, number, number]>([
    ["token 0 at the row of token 1", 0, 0],
    ["token 0 at the row of token 2", 0, 4],
    ["token 1 at the row of token 2", 1, 4],
  ])("%s is nothing", (_, token, row) => {
    expect(shown(scores({ [at(token, row)]: 16 }), "scores")).toEqual({ where: "somewhere", op: "an op" });
    // What comes after is found all the same.
    expect(shown(scores({ [at(token, row)]: 16, [at(2, 0)]: 16 }), "scores")).toMatchObject({ index: [2, 0] });
  });

  test.each<readonly [string, number, number]>([
    ["token 0 at its own row", 0, 3],
    ["token 0 at a row that no token writes", 0, 1],
    ["token 1 at its own row", 1, 0],
    ["token 1 at the row of token 0", 1, 3],
    ["token 2 at its own row", 2, 4],
    ["token 2 at the row of token 1", 2, 0],
  ])("%s counts", (_, token, row) => {
    expect(shown(scores({ [at(token, row)]: 16 }), "scores")).toMatchObject({
      name: "scores",
      token,
      index: [token, row],
    });
  });

  test("what is no cache row is none, though its number is a later token's", () => {
    const make: Make = ({ x, tokens }) => ({
      y: plus(as("h", plus(x, off([tokens, 4], tokens > 1 ? { 0: 2 } : {}))), x),
    });
    expect(shown(make, "h")).toMatchObject({ token: 0, index: [0, 0] });
  });

  test("a token is none either, where there are as many rows as tokens", () => {
    expect(shown(scores({ 0: 16 }, 2), "scores", { rows: [0, 1], slots: 2 })).toMatchObject({ index: [0, 0] });
    expect(shown(scores({ 1: 16 }, 2), "scores", { rows: [1, 0], slots: 2 })).toMatchObject({ index: [0, 1] });
  });

  test("what is shown at the end is shown at every row", () => {
    const output: Make = ({ mask, tokens }) => ({ y: plus(mask, off([tokens, S], tokens > 1 ? { 0: 16 } : {})) });
    expect(shown(output, "y")).toMatchObject({ name: "y", token: 0, index: [0, 0] });
  });
});

describe("a state", () => {
  const written =
    (block: Readonly<Record<number, number>>, step: Readonly<Record<number, number>>): Make =>
    ({ x, K, tokens }) => ({ y: x, K: plus(K, off([5, 4], tokens > 1 ? block : step)) });

  test("is what it is after the last token, and has no token", () => {
    // Every step adds 1, and there are three.
    expect(shown(written({ 7: 3 }, { 7: 1 }), "K")).toEqual({ where: "somewhere", op: "an op" });
    const told = { name: "K", index: [1, 3], block: 2, step: 4, where: "somewhere", op: "an op" };
    expect(shown(written({ 7: 1 }, { 7: 1 }), "K")).toStrictEqual(told);
  });

  test("differs at the rows of all tokens, early and late", () => {
    expect(shown(written({ 0: 5 }, {}), "K")).toMatchObject({ index: [0, 0], block: 6, step: 1 });
    expect(shown(written({ 16: 5 }, {}), "K")).toMatchObject({ index: [4, 0], block: 6, step: 1 });
  });

  test("comes before the outputs, and its place is told without a token", () => {
    const both: Make = (f) => ({
      ...written({ 7: 1 }, {})(f),
      y: f.tokens > 1 ? plus(f.x, off([f.tokens, 4], { 0: 1 })) : f.x,
    });
    expect(shown(both, "none")).toMatchObject({ name: "K", where: "at [1, 3]", op: "add" });
  });

  test("that the block leaves as it is has no op", () => {
    const kept: Make = ({ x, K, tokens }) => ({ y: x, K: tokens > 1 ? K : plus(K, off([5, 4], { 2: 1 })) });
    expect(shown(kept, "none")).toMatchObject({ name: "K", where: "at [0, 2]", op: "state", block: 1, step: 4 });
  });
});

test("of one token the whole value is its row", () => {
  let built = 0;
  // The block is made first, and the step after it.
  const make: Make = ({ x }) => ({ y: add(x, off([1, 4], built++ === 0 ? { 2: 1 } : {})) as Value });
  expect(shown(make, "y", { rows: [2] })).toMatchObject({ name: "y", token: 0, index: [0, 2], block: 2, step: 1 });
});
