/** A proof beside another number of rows has to say as much as the one that is told, and to assume no more. */
import { describe, expect, test } from "vitest";
import { GraphError } from "../../../../src/dsl/error.ts";
import { nowhere } from "../../../../src/dsl/site.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import {
  type Claimed,
  holdsElsewhere,
  isProvenToo,
  type ProofOf,
} from "../../../../src/passes/prove/report/any-size.ts";
import { attention, S } from "../../../support/prove/joined.ts";

type Found = ReturnType<ProofOf>;
const graphs = { block: attention(2), step: attention(1) };
/** A pair that was proven beside other rows than these graphs have. */
const pair = { ...provenPair(graphs.block, graphs.step), slots: S + 5 };
const [P1, P2] = [{ id: "P1", says: "…" } as const, { id: "P2", says: "…" } as const];
const CLAIMED: Claimed = { level: "exact", preconditions: [P1, P2], gapBound: 10 };
const SAME: Found = { verdict: "PROVEN", ...CLAIMED, anyCacheSize: true };
const holds = (found: Partial<Found>, claimed: Partial<Claimed> = {}, of = pair) =>
  holdsElsewhere(
    of,
    { ...CLAIMED, ...claimed },
    () => graphs,
    () => ({ ...SAME, ...found }),
  );

describe("what holds elsewhere", () => {
  test.each<readonly [string, Partial<Found>, Partial<Claimed>]>([
    ["the same", {}, {}],
    ["fewer preconditions", { preconditions: [P1] }, {}],
    ["a wider bound", { gapBound: 11 }, {}],
    ["equal bits, where the real numbers are claimed", {}, { level: "reals" }],
  ])("%s", (_, found, claimed) => expect(holds(found, claimed)).toBe(true));

  test.each<readonly [string, Partial<Found>, Partial<Claimed>]>([
    ["no proof", { verdict: "NOT PROVEN" }, {}],
    ["a proof for that number alone", { anyCacheSize: false }, {}],
    ["the real numbers, where bits are claimed", { level: "reals" }, {}],
    ["a precondition more", {}, { preconditions: [P2] }],
    ["a narrower bound", { gapBound: 9 }, {}],
  ])("and what does not: %s", (_, found, claimed) => expect(holds(found, claimed)).toBe(false));

  test("a bound where none is claimed", () => {
    const { gapBound: _, ...unbounded } = CLAIMED;
    expect(
      holdsElsewhere(
        pair,
        unbounded,
        () => graphs,
        () => SAME,
      ),
    ).toBe(false);
  });

  test("nor graphs of the same rows, or of another block", () => {
    expect(holds({}, {}, provenPair(graphs.block, graphs.step) as typeof pair)).toBe(false);
    expect(holds({}, {}, { ...pair, tokens: 3 })).toBe(false);
  });

  test("nor graphs that cannot be built, or are no pair", () => {
    const refuse = (): never => {
      throw new GraphError("no", nowhere);
    };
    expect(holdsElsewhere(pair, CLAIMED, refuse, () => SAME)).toBe(false);
    expect(holdsElsewhere(pair, CLAIMED, () => graphs, refuse)).toBe(false);
    expect(isProvenToo(refuse)(graphs, "reals")).toBe(false);
  });

  test("a fault of the prover is no answer", () => {
    const fault = (): never => {
      throw new TypeError("ours");
    };
    expect(() => holdsElsewhere(pair, CLAIMED, () => graphs, fault)).toThrow("ours");
    expect(() => isProvenToo(fault)(graphs, "exact")).toThrow("ours");
  });
});

test.each([
  ["PROVEN", "exact", "reals", true],
  ["PROVEN", "reals", "exact", false],
  ["NOT PROVEN", "exact", "exact", false],
] as const)("small graphs that are %s (%s) beside a proof (%s): %s", (verdict, level, claimed, isProven) => {
  expect(isProvenToo(() => ({ verdict, level }))(graphs, claimed)).toBe(isProven);
});
