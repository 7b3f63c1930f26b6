/** Corollaries: which follow from what was found of a pair, and why the others are denied. */
import { describe, expect, test } from "vitest";
import type { KnownRole } from "../../../../src/dsl/role.ts";
import type { Outcome } from "../../../../src/passes/prove/attempts.ts";
import { newRecord, type Record } from "../../../../src/passes/prove/logic/setting.ts";
import type { ProvenPair } from "../../../../src/passes/prove/program/pair.ts";
import type { Consequences } from "../../../../src/passes/prove/report/aftermath.ts";
import { type Corollary, corollariesOf } from "../../../../src/passes/prove/report/corollaries.ts";

interface Case {
  readonly tokens?: number;
  readonly states?: number;
  readonly outputs?: readonly string[];
  readonly kinds?: readonly KnownRole["kind"][];
  readonly found?: Consequences;
  readonly record?: Record;
}

/** Of a pair of which only this is known. */
function corollaries({ tokens = 2, states = 1, outputs = ["y"], kinds = ["write_mask"], ...rest }: Case) {
  const pair = {
    tokens,
    step: { states: [] },
    block: {
      states: Array.from({ length: states }, () => ({})),
      outputs: Object.fromEntries(outputs.map((name) => [name, {}])),
    },
    roles: new Map(kinds.map((kind, k) => [`x${k}`, { kind }])),
  };
  const outcome = { record: rest.record ?? newRecord(), consequences: rest.found ?? {} };
  return corollariesOf(pair as unknown as ProvenPair, outcome as unknown as Outcome);
}
/** Of a proof that asks for rows in an axis of so many. */
const rows = (...sizes: readonly number[]): Record => ({
  ...newRecord(),
  used: new Map([["P2", new Set<string>()]]),
  rowAxes: new Set(sizes),
});
const MASKED: Case = { kinds: ["mask", "write_mask"] };
const one = (name: Corollary["name"], of: Case): Corollary => corollaries(of).find((x) => x.name === name)!;
/** "yes", or the reason of the no. */
const answer = (name: Corollary["name"], of: Case = {}): string => {
  const { holds, says, needs } = one(name, of);
  if (holds) return "yes";
  expect(says).toMatch(/^not claimed: /);
  expect(needs).toEqual([]);
  return says.replace("not claimed: ", "");
};

test("all are told, in one order", () => {
  const names = ["acceptPrefix", "rejectedRows", "padding", "positions", "capacity"];
  const all = corollaries({ record: rows(8) }).map(({ name, holds }) => [name, holds]);
  expect(all).toEqual(names.map((name) => [name, true]));
  const none = corollaries({ tokens: 1, states: 0, kinds: [] });
  expect(none.map(({ name, holds }) => [name, holds])).toEqual(names.map((name) => [name, false]));
});

describe("a prefix may be accepted", () => {
  test("of two tokens or more", () => {
    expect(answer("acceptPrefix", { tokens: 1 })).toBe("a block of one token has no prefix to accept");
    expect(one("acceptPrefix", { ...MASKED, tokens: 2, record: rows(8) })).toMatchObject({
      holds: true,
      needs: ["P2", "P3"],
    });
    expect(one("acceptPrefix", { tokens: 3 }).says).toContain("m <= 3 tokens");
    expect(one("acceptPrefix", {}).says).toContain(": hidden rows and cache rows 0 … m-1");
    expect(one("acceptPrefix", { outputs: [] }).says).toContain(": cache rows 0 … m-1");
  });

  test("of a graph without a mask, told rows or a state no condition and no row of them is named", () => {
    expect(one("acceptPrefix", { record: rows(8) }).needs).toEqual(["P2"]);
    expect(one("acceptPrefix", MASKED).needs).toEqual(["P3"]);
    expect(one("acceptPrefix", { states: 0, kinds: ["rows"] })).toMatchObject({
      needs: [],
      says: expect.stringContaining(": hidden rows 0 … m-1"),
    });
    const unmasked = corollaries({ record: rows(8) });
    for (const { needs, says } of unmasked) {
      expect(says).not.toMatch(/mask treats|P3|P4|shut/);
      expect(needs.filter((id) => id === "P3" || id === "P4")).toEqual([]);
    }
    expect(unmasked.map(({ holds }) => holds)).toEqual([true, true, true, true, true]);
  });

  test.each<readonly [Consequences, string]>([
    [{ changes: "a" }, "a"],
    [{ keepsOld: "b" }, "b"],
    [{ readsStale: "c" }, "c"],
    [{ readsStale: "c", keepsOld: "b", changes: "a" }, "a"],
    [{ readsStale: "c", keepsOld: "b" }, "b"],
    [{ padding: "d" }, "yes"],
  ])("unless it leaves something behind: %j", (found, why) => {
    expect(answer("acceptPrefix", { found })).toBe(why);
  });
});

describe("rows of rejected tokens are never read", () => {
  test("where there are such rows", () => {
    expect(answer("rejectedRows", { tokens: 1 })).toMatch(/^a block of one token rejects nothing/);
    expect(answer("rejectedRows", { states: 0 })).toMatch(/^the graph has no state/);
    const bounded = { ...newRecord(), gap: 5000 };
    const told = one("rejectedRows", { ...MASKED, tokens: 2, states: 2, record: bounded });
    expect(told).toMatchObject({ holds: true, needs: ["P3", "P7", "P8"] });
  });

  test("of P8 only where it has a bound", () => {
    expect(one("rejectedRows", { ...MASKED, tokens: 2, states: 2 }).needs).toEqual(["P3", "P7"]);
  });

  test.each<readonly [Consequences, string]>([
    [{ changes: "a" }, "a"],
    [{ keepsOld: "b" }, "b"],
    [{ readsStale: "c" }, "c"],
    [{ readsStale: "c", keepsOld: "b", changes: "a" }, "c"],
    [{ keepsOld: "b", changes: "a" }, "b"],
    [{ padding: "d" }, "yes"],
  ])("unless something reads them: %j", (found, why) => {
    expect(answer("rejectedRows", { found })).toBe(why);
  });
});

describe("tokens may be padding", () => {
  test.each<readonly [string, Case, RegExp]>([
    ["by the columns of a write mask", { kinds: ["rows", "mask", "write_mask"] }, /^yes$/],
    ["not where there is none", { kinds: ["rows", "mask", "shared"] }, /^the graph has no write mask/],
    ["not by a position", { kinds: ["rows", "position"] }, /^a position always writes a row/],
    ["not by a position beside a write mask", { kinds: ["write_mask", "position"] }, /^a position always/],
    ["not in a block of one token", { tokens: 1 }, /^a block of one token is not padded$/],
    ["not where something stands in the way", { found: { padding: "d" } }, /^d$/],
    ["whatever is denied of rejected tokens", { found: { changes: "a", keepsOld: "b", readsStale: "c" } }, /^yes$/],
  ])("%s", (_, of, why) => {
    expect(answer("padding", of)).toMatch(why);
  });

  test("as long as they are finite, and the mask treats a free row as theirs", () => {
    const told = one("padding", { ...MASKED, record: rows(8) });
    expect(told).toMatchObject({ needs: ["P2", "P3", "P4", "P7", "P11"], says: expect.stringContaining("P3 and P4") });
  });
});

describe("positions", () => {
  const used = (...ids: readonly ("P2" | "P2'")[]): Case => ({
    record: { ...newRecord(), used: new Map(ids.map((id) => [id, new Set<string>()])) },
  });

  test("may be scattered unless the proof needed them contiguous", () => {
    expect(one("positions", used("P2"))).toMatchObject({ holds: true, needs: ["P2"] });
    expect(one("positions", used("P2")).says).toMatch(/^positions may be scattered/);
    expect(answer("positions", {})).toBe("the graph names no cache row");
    expect(one("positions", used("P2", "P2'"))).toMatchObject({ holds: true, needs: ["P2'"] });
    expect(one("positions", used("P2'")).says).toMatch(/^positions must be contiguous/);
  });
});

test("a block needs rows for all of its tokens", () => {
  for (const record of [newRecord(), rows(), { ...rows(8), used: new Map() }])
    expect(answer("capacity", { record })).toBe("the graph names no cache row");
  expect(one("capacity", { record: rows(8), tokens: 3 })).toMatchObject({ holds: true, needs: ["P2"] });
  expect(one("capacity", { record: rows(8, 9), tokens: 3 }).says).toContain("position 0 … 5 at the start");
  expect(one("capacity", { record: rows(4), tokens: 4 }).says).toContain("position 0 … 0 at the start");
});
