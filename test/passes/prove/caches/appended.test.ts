/** Masks over a cache to which the host appends, with the call's own rows behind it: proven, run, checked, and with faults planted. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { twinsOf } from "../../../../src/dsl/host/twins.ts";
import { VALID_ROWS } from "../../../../src/dsl/host/valid-rows.ts";
import { add, mul } from "../../../../src/dsl/ops/index.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import { contractProblems } from "../../../../src/passes/parity/contract-check.ts";
import { feed } from "../../../../src/passes/parity/feeds.ts";
import { parity } from "../../../../src/passes/parity/parity.ts";
import { recordable } from "../../../../src/passes/parity/record/record.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { pairOf } from "../../../support/parity.ts";
import { attention, closed, type JoinedFault, type JoinedForm, S } from "../../../support/prove/joined.ts";

const T = 3;
const APPEND = { update: "append" } as const;
const of = (tokens: number, fault?: JoinedFault, form: JoinedForm = {}) =>
  attention(tokens, fault, { ...APPEND, ...form });

test("a block is what its steps are, over the reals, with the corollaries of a cache", () => {
  const verdict = prove(of(T), of(1));
  expect(verdict).toMatchObject({ verdict: "PROVEN", level: "reals", anyCacheSize: false });
  const said = verdict.preconditions.map(({ id }) => id);
  expect(said).toEqual(expect.arrayContaining(["P2'", "P3", "P4", "P14"]));
  expect(verdict.roles).toContainEqual({ input: VALID_ROWS, role: "position", source: "declared" });
  const yes = verdict.verdict === "PROVEN" ? verdict.corollaries.filter(({ holds }) => holds) : [];
  expect(yes.map(({ name }) => name)).toEqual(["acceptPrefix", "rejectedRows", "positions", "capacity"]);
  expect(yes.at(-1)?.says).toContain(`position 0 … ${S - T} at the start`);
});

test("and so it is with another mask", () => {
  const mask = { kind: "mask", closed: -65_504 } as const;
  expect(prove(of(T, undefined, { mask }), of(1, undefined, { mask })).verdict).toBe("PROVEN");
});

test.each([2, S - 1])("of %d tokens beside a cache of S rows", (tokens) => {
  expect(prove(of(tokens), of(1), { corollaries: false }).verdict).toBe("PROVEN");
});

const FAULTS: readonly JoinedFault[] = [
  "rows in another order",
  "K for V",
  "own rows before the cache",
  "the mask of another token",
  "sees later rows",
  "sees rows that are not valid",
  "hides the new rows",
  "hides the last new row",
  "old rows off by one",
  "new rows twice as large",
  "no old rows",
];

test.each(FAULTS)("a block with this fault is refuted: %s", (fault) => {
  expect(prove(of(T, fault), of(1)).verdict).toBe("REFUTED");
});

test("rows of which the block gives one too many are not proven", () => {
  const judged = () => prove(of(T, "one new row too many"), of(1)).verdict;
  expect(judged()).not.toBe("PROVEN");
});

test("steps that leave out what they appended are refuted", () => {
  expect(prove(of(T), of(1, "new rows twice as large")).verdict).toBe("REFUTED");
  expect(prove(of(T), of(1, "no old rows")).verdict).toBe("REFUTED");
});

test("a host that appends is none that shifts", () => {
  expect(() => prove(of(T), attention(1))).toThrow("by append in one graph");
});

test("more tokens than the cache has rows are refused, and so is a mask of other columns", () => {
  expect(() => prove(of(S + 1), of(1))).toThrow("the host cannot write fp16[1,1,6,4] into cache");
  expect(() => prove(of(T, undefined, { behind: T + 1 }), of(1))).toThrow("must differ from its one-token twin");
});

test("of one token two spellings are equal, and a fault is refuted", () => {
  const spelled = { spelled: true };
  const told = prove(of(1), of(1, undefined, spelled), { corollaries: false });
  expect(told).toMatchObject({ verdict: "PROVEN" });
  expect(told.preconditions.map(({ id }) => id)).toContain("P14");
  expect(prove(of(1, "hides the new rows"), of(1, undefined, spelled)).verdict).toBe("REFUTED");
  expect(prove(of(1, "sees rows that are not valid"), of(1, undefined, spelled)).verdict).toBe("REFUTED");
});

test("an input that is called as the count is refused", () => {
  const named = (tokens: number) => {
    const g = of(tokens);
    const count = input(VALID_ROWS, [1, 1, tokens, 4]);
    return graph({
      name: g.name,
      inputs: [...g.inputs, count],
      outputs: { ...g.outputs, z: add(count, mul(count, 2)) },
    });
  };
  expect(() => prove(named(T), named(1))).toThrow(`an input "${VALID_ROWS}"`);
});

test("fixtures for a device are refused by name", () => {
  expect(() => recordable({ block: of(2), step: of(1) })).toThrow('cache "k" is kept by append');
});

describe("parity", () => {
  test("appends, and rejects too", async () => {
    const report = await parity(pairOf(...closed([of(2), of(1)]), 5));
    expect(report.equal).toBe(true);
    expect(report.calls.length).toBeGreaterThan(1);
  });

  test.each(FAULTS)("differs with this fault: %s", async (fault) => {
    const report = await parity(pairOf(...closed([of(2, fault), of(1)]), 5));
    expect(report.equal).toBe(false);
  });
});

test("what is fed keeps the contract, and a later row that is shown breaks it", () => {
  const twins = twinsOf(of(T), of(1));
  const source = { seed: 1, roles: twins.roles, maxSeq: S };
  const call = { rows: [1, 2, 3], committed: new Set([0]), stream: 0 };
  const fed = feed(twins.block, source, call);
  const step = feed(twins.step, source, call, 2);
  const row = (x: ArrayLike<number>, t: number, n: number) =>
    Array.from({ length: n }, (_, c) => Number(x[t * n + c] === 0));
  expect([0, 1, 2].map((t) => row(fed.m!.data, t, S + T))).toEqual([
    [1, 0, 0, 0, 0, 1, 0, 0],
    [1, 0, 0, 0, 0, 1, 1, 0],
    [1, 0, 0, 0, 0, 1, 1, 1],
  ]);
  expect(row(step.m!.data, 0, S + 1)).toEqual([1, 1, 1, 0, 0, 1]);
  expect([fed, step].map((x) => Array.from(x[VALID_ROWS]!.data))).toEqual([[1], [3]]);
  const problems = () => contractProblems(twins.block, twins.roles, fed, S);
  expect(problems()).toEqual([]);
  fed.m!.data[S + 1] = 0;
  expect(problems()[0]).toMatch(/which a later token of the block writes/);
});
