/** Reasons why a proof stops: each says what is in the way, by its own data, and what would close the gap. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { closesReason, isOpaque, opaque, type Reason, showReason } from "../../../../src/passes/prove/logic/opaque.ts";

const s = ix.newIndices();
const index = ix.shift(s, ix.times(s, ix.variable(s, "g", 4), 3), 1);

describe("each reason", () => {
  test.each<readonly [Reason, readonly string[], string]>([
    [{ code: "run-time index", from: "mul" }, ["run time", "kind mul"], "a position that is an input"],
    [{ code: "out of range", index, size: 9 }, ["3·g+1", "[0, 9)"], "a bound on the index"],
    [{ code: "token row", of: "x", index }, ["of x", "3·g+1"], "rows of several tokens in one"],
    [{ code: "cache row", what: "the cache k", index }, ["the cache k at 3·g+1"], "cache rows at an offset"],
    [{ code: "slice beyond", size: 5, begin: index }, ["5 rows", "from 3·g+1"], "rows which no token writes"],
    [{ code: "numbered row", row: 7 }, ["row 7", "run-time position"], "a numbered cache row"],
    [{ code: "strided slice" }, ["a strided slice"], "with a stride"],
    [{ code: "constant at row", index }, ["a constant", "3·g+1"], "constants read at a cache row"],
    [{ code: "undecided", what: "the choice", index }, ["the choice", "3·g+1"], "a case distinction"],
    [{ code: "missing state", name: "k" }, ["state k"], "a state of that name"],
    [{ code: "not finite", name: "w", count: 1 }, ["w holds 1 value that is not"], "without NaN and Inf"],
    [{ code: "not finite", name: "w", count: 2 }, ["w holds 2 values that are not"], "without NaN and Inf"],
    [{ code: "no room", tokens: 3, rows: 2 }, ["keeps P2", "3 tokens", "write 2"], "as many rows as there are tokens"],
    [{ code: "vacuous", unmet: "P5 at mask" }, ["no input keeps", "P5 at mask"], "an input that meets all"],
  ])("%j", (reason, parts, closes) => {
    for (const part of parts) expect(showReason(reason)).toContain(part);
    expect(closesReason(reason)).toContain(closes);
  });
});

describe("what is thrown", () => {
  test("stops a proof when it is a reason, with or without a place", () => {
    const thrown = opaque({ code: "strided slice" });
    expect(thrown).toEqual({ opaque: { code: "strided slice" } });
    expect(isOpaque(thrown)).toBe(true);
  });

  test.each<readonly [string, unknown]>([
    ["an error", new Error("opaque")],
    ["null", null],
    ["nothing", undefined],
    ["a text", "opaque"],
    ["a number", 1],
    ["another object", { cases: [] }],
    ["a function", Object.assign(() => 0, { opaque: 0 })],
  ])("does not when it is %s", (_, thrown) => {
    expect(isOpaque(thrown)).toBe(false);
  });
});
