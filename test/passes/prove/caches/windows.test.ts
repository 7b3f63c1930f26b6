/** Masks over a window that the host shifts, with the call's own rows behind it: proven, run, checked, and with faults planted. */
import { describe, expect, test } from "vitest";
import { twinsOf } from "../../../../src/dsl/host/twins.ts";
import { contractProblems } from "../../../../src/passes/parity/contract-check.ts";
import { feed } from "../../../../src/passes/parity/feeds.ts";
import { parity } from "../../../../src/passes/parity/parity.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { pairOf } from "../../../support/parity.ts";
import { attention, closed, type JoinedFault, S } from "../../../support/prove/joined.ts";

const T = 3;

test("a block over a window is what its steps are, over the reals", () => {
  const verdict = prove(attention(T), attention(1));
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "reals", anyCacheSize: false });
  const said = verdict.preconditions.map(({ id }) => id);
  expect(said).toEqual(expect.arrayContaining(["P3", "P4", "P13"]));
  const yes = verdict.verdict === "PROVEN" ? verdict.corollaries.filter(({ holds }) => holds) : [];
  expect(yes).toEqual([]);
});

test("and so it is with another mask", () => {
  const mask = { kind: "mask", closed: -65_504 } as const;
  expect(prove(attention(T, undefined, { mask }), attention(1, undefined, { mask })).verdict).toBe("PROVEN");
});

test("of almost as many tokens as the window has rows, and of more", () => {
  for (const tokens of [S - 1, S + 1])
    expect(prove(attention(tokens), attention(1), { corollaries: false }).verdict).toBe("PROVEN");
});

const FAULTS: readonly JoinedFault[] = [
  "rows in another order",
  "K for V",
  "own rows before the cache",
  "the mask of another token",
  "sees dropped rows",
  "sees later rows",
];

test.each(FAULTS)("a block with this fault is refuted: %s", (fault) => {
  expect(prove(attention(T, fault), attention(1)).verdict).toBe("REFUTED");
});

test("a mask with other rows behind than the call's tokens is refused", () => {
  expect(() => prove(attention(T, undefined, { behind: T + 1 }), attention(1))).toThrow(
    'input "m" of g3 must differ from its one-token twin in one axis',
  );
});

describe("parity", () => {
  test("shifts the window, and shuts what a step has no more", async () => {
    const report = await parity(pairOf(...closed([attention(2), attention(1)]), 5));
    expect([report.equal, report.exercised.rejected]).toEqual([true, 0]);
    expect(report.calls.length).toBeGreaterThan(1);
  });

  test.each(FAULTS)("differs with this fault: %s", async (fault) => {
    const report = await parity(pairOf(...closed([attention(T, fault), attention(1)]), 5));
    expect(report.equal).toBe(false);
  });
});

test("what is fed keeps the contract, and a row that is dropped and shown breaks it", () => {
  const twins = twinsOf(attention(T), attention(1));
  const source = { seed: 1, roles: twins.roles, maxSeq: S };
  const fed = feed(twins.block, source, { rows: [3, 4, 5], committed: new Set([0, 1, 2, 7, 8]), stream: 0 });
  const problems = () => contractProblems(twins.block, twins.roles, fed, S);
  const column = (t: number) => Array.from(fed.m!.data.slice(t * (S + T), (t + 1) * (S + T)), (x) => Number(x === 0));
  expect([column(0), column(1), column(2)]).toEqual([
    [1, 1, 1, 1, 1, 1, 0, 0],
    [0, 1, 1, 1, 1, 1, 1, 0],
    [0, 0, 1, 1, 1, 1, 1, 1],
  ]);
  expect(problems()).toEqual([]);
  fed.m!.data[S + T] = 0;
  expect(problems()).toEqual(["m, row 1: sees row 0 of the window, which its step has no more"]);
  fed.m!.data[S + T] = -10_000;
  fed.m!.data[S + 1] = 0;
  expect(problems()[0]).toMatch(/which a later token of the block writes/);
});
