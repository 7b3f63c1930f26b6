/** The path of least estimated time over a chain of ops. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BACKENDS, type Backend } from "../../../src/passes/placement/chips.ts";
import { chainOf, type Link } from "../../../src/passes/placement/segments.ts";

const link = (ane: number, cpu: number, onEngine = true): Link => ({
  cost: { ane, bnns: cpu, classic: cpu },
  onEngine,
});

describe("what a segment must save", () => {
  test("a whole graph goes to the engine when it saves more than 0.25 ms", () => {
    expect(chainOf([link(0.01, 0.27)]).places).toEqual(["engine"]);
    expect(chainOf([link(0.01, 0.25)]).places).toEqual(["CPU"]);
  });
  test("one inside more than 0.375 ms", () => {
    const cpu = link(0.01, 0.01, false);
    expect(chainOf([cpu, link(0.01, 0.4), cpu]).places).toEqual(["CPU", "engine", "CPU"]);
    expect(chainOf([cpu, link(0.01, 0.38), cpu]).places).toEqual(["CPU", "CPU", "CPU"]);
  });
  test("an op that the engine cannot take between small ones takes them with it", () => {
    expect(chainOf([link(0.01, 0.1), link(0.01, 0.01, false), link(0.01, 0.1)]).places).toEqual(["CPU", "CPU", "CPU"]);
  });
  test("equal paths are ties", () => {
    expect(chainOf([link(0.25, 0.5)]).places).toEqual(["tie"]);
  });
});

test("no path of all is shorter, and the places are those of shortest paths", () => {
  const links = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 8 }),
      fc.boolean(),
    ),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(links, (drawn) => {
      const chain = drawn.map(([ane, bnns, classic, onEngine]) => ({
        cost: { ane: ane / 16, bnns: bnns / 16, classic: classic / 16 },
        onEngine,
      }));
      const timed = everyPath(chain.length).map((path) => ({ path, time: timeOf(chain, path) }));
      const least = Math.min(...timed.map(({ time }) => time));
      const best = timed.filter(({ time }) => time < least + 1e-9).map(({ path }) => path);
      const found = chainOf(chain);
      expect(found.milliseconds).toBeCloseTo(least, 9);
      for (const [k, place] of found.places.entries()) {
        const onEngine = new Set(best.map((path) => path[k] === "ane"));
        expect(place).toBe(onEngine.size === 2 ? "tie" : onEngine.has(true) ? "engine" : "CPU");
      }
    }),
  );
});

const everyPath = (length: number): readonly (readonly Backend[])[] =>
  length === 0 ? [[]] : everyPath(length - 1).flatMap((path) => BACKENDS.map((b) => [...path, b]));

/** As the rule has it in words: 0.125 to enter the engine, for every change, and for a result that leaves it. */
function timeOf(chain: readonly Link[], path: readonly Backend[]): number {
  let time = path.at(-1) === "ane" ? 0.125 : 0;
  for (const [k, backend] of path.entries()) {
    const from = path[k - 1];
    if (backend === "ane" && !chain[k]!.onEngine) return Number.POSITIVE_INFINITY;
    if (backend === "ane" && from !== "ane") time += 0.125;
    if (from !== undefined && from !== backend) time += 0.125;
    time += chain[k]!.cost[backend];
  }
  return time;
}
