/** One attempt at a proof: it starts with nothing, and notes what it leaned on. */
import { describe, expect, test } from "vitest";
import {
  type Assumptions,
  deeper,
  need,
  newRecord,
  newSetting,
  type Setting,
} from "../../../../src/passes/prove/logic/setting.ts";

const ASSUMED: Assumptions = { mode: "reals", twoValued: true, contiguous: false, column: "either" };
const attempt = (): Setting => newSetting(ASSUMED, { tokens: 3, lastRow: 7 });

describe("a new attempt", () => {
  test("assumes what it is told, and has made nothing", () => {
    const c = attempt();
    expect(c).toMatchObject({ ...ASSUMED, tokens: 3, lastRow: 7, nesting: { depth: 0 } });
    expect([c.store.terms.size, c.store.lams.size]).toEqual([0, 0]);
    expect(c.record).toEqual(newRecord());
  });

  test("shares nothing with another", () => {
    const [a, b] = [attempt(), attempt()];
    expect(a.store).not.toBe(b.store);
    need(a, "P1", "x");
    a.nesting.depth++;
    expect(b.record).toEqual(newRecord());
    expect(b.nesting).toEqual({ depth: 0 });
  });

  test("leans on nothing", () => {
    const { counts, used, gap, sized, rowAxes } = newRecord();
    expect([counts.size, used.size, gap, sized, rowAxes.size]).toEqual([0, 0, Number.POSITIVE_INFINITY, false, 0]);
  });
});

describe("a precondition that is needed", () => {
  test("is noted once, with every name that it was needed for", () => {
    const c = attempt();
    need(c, "P6", "x");
    need(c, "P6", "y");
    need(c, "P6", "x");
    need(c, "P9", "z");
    expect([...c.record.used].map(([id, names]) => [id, [...names]])).toEqual([
      ["P6", ["x", "y"]],
      ["P9", ["z"]],
    ]);
  });

  test("may be about no input, and keeps the names that it has", () => {
    const c = attempt();
    need(c, "P2");
    expect([...c.record.used.get("P2")!]).toEqual([]);
    need(c, "P2", "x");
    need(c, "P2");
    expect([...c.record.used.get("P2")!]).toEqual(["x"]);
  });
});

describe("an open reduction", () => {
  test("has a name of its own for its variable", () => {
    const c = attempt();
    const labels = deeper(c, (a) => [a, ...deeper(c, (b) => [b, deeper(c, (d) => d)]), deeper(c, (b) => b)]);
    expect(labels).toEqual(["v0", "v1", "v2", "v1"]);
    expect(c.nesting.depth).toBe(0);
    expect(deeper(c, (a) => a)).toBe("v0");
  });

  test("is left also where a proof stops in it", () => {
    const c = attempt();
    const stop = (): never => {
      throw new Error("the proof stops");
    };
    expect(() => deeper(c, () => deeper(c, stop))).toThrow("the proof stops");
    expect(c.nesting.depth).toBe(0);
  });
});
