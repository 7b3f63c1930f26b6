/** Ring buffers, also where a block wraps: what is proven is equal at every position, and what is not equal is never proven. */
import { describe, expect, test } from "vitest";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { mismatch } from "../../../../src/passes/prove/refute/mismatch.ts";
import { bothRunner, sampleOf } from "../../../../src/passes/prove/refute/sample.ts";
import { pairOf } from "../../../support/prove/corpus/fault.ts";
import { POSITIONS, type Ring, ringLayer } from "../../../support/prove/rings.ts";

const graphsOf = (block: Ring, step: Ring, tokens: number) =>
  pairOf({ make: (f) => ringLayer(f, block), step: (f) => ringLayer(f, step) }, tokens, false);

/** Whether block and steps are equal bit for bit wherever the block may begin. */
function equalEverywhere(block: Ring, step: Ring, tokens: number): boolean {
  const { block: graph, step: one } = graphsOf(block, step, tokens);
  const pair = provenPair(graph, one);
  const run = bothRunner(pair, "fp16");
  const end = Math.min(POSITIONS, block.full ?? POSITIONS) - tokens;
  return Array.from({ length: end + 1 }, (_, first) => first).every((first) => {
    const sample = sampleOf(pair, first + 1, { rows: "contiguous" });
    const rows = Array.from({ length: tokens }, (_, t) => first + t);
    return !mismatch(pair, run({ ...sample, rows }), "fp16");
  });
}

const verdictOf = (block: Ring, step: Ring, tokens: number) => {
  const { block: graph, step: one } = graphsOf(block, step, tokens);
  return prove(graph, one);
};

describe("a window that leaves room for the block", () => {
  const MASKS = ["age", "age and written"] as const;
  test.each(MASKS.flatMap((mask) => (["mod", "floor_div"] as const).map((remainder) => ({ mask, remainder }))))(
    "is proven for every position: %o",
    (how) => {
      for (const [N, tokens, window] of [
        [8, 3, 6],
        [6, 4, 3],
        [7, 2, 1],
        [5, 1, 5],
      ] as const) {
        const ring: Ring = { N, window, ...how };
        const verdict = verdictOf(ring, ring, tokens);
        expect([verdict.verdict, equalEverywhere(ring, ring, tokens)]).toEqual(["PROVEN", true]);
        if (verdict.verdict !== "PROVEN" || tokens === 1) continue;
        expect(verdict).toMatchObject({ level: "exact", anyCacheSize: false });
        expect(verdict.preconditions.find(({ id }) => id === "P2'")?.says).toContain(`the ring of ${N} `);
        // The rows are bounded by RoPE's table, not by the ring.
        expect(verdict.preconditions.find(({ id }) => id === "P2")?.says).toContain(`[0, ${POSITIONS})`);
        expect(verdict.attacked?.witness).toBeDefined();
      }
    },
  );

  test("is proven where rows are blended", () => {
    const ring: Ring = { N: 6, window: 3, write: "blend" };
    expect([verdictOf(ring, ring, 3).verdict, equalEverywhere(ring, ring, 3)]).toEqual(["PROVEN", true]);
  });

  test("is proven beside a cache that sees all", () => {
    const ring: Ring = { N: 6, window: 3, full: 20 };
    const verdict = verdictOf(ring, ring, 3);
    expect([verdict.verdict, equalEverywhere(ring, ring, 3)]).toEqual(["PROVEN", true]);
    expect(verdict.preconditions.find(({ id }) => id === "P2")?.says).toContain("[0, 20)");
  });
});

describe("never proven, and in truth not equal", () => {
  const right: Ring = { N: 6, window: 3 };
  test.each<readonly [string, Ring, Ring]>([
    ["a window one too wide for the block", { N: 6, window: 5 }, { N: 6, window: 5 }],
    ["a window as wide as the ring", { N: 6, window: 6, mask: "age" }, { N: 6, window: 6, mask: "age" }],
    [
      "rows that were written once, whatever has been written over them",
      { ...right, mask: "written" },
      { ...right, mask: "written" },
    ],
    ["another window in the block", { ...right, window: 4 }, right],
    ["another modulus in the block", { ...right, modulo: 5 }, right],
    ["another modulus in a blend", { ...right, modulo: 5, write: "blend" }, { ...right, write: "blend" }],
    ["a row late in the block", { ...right, late: 1 }, right],
    ["a row late in the step", right, { ...right, late: 1 }],
    ["a mask that forgets rows not yet written", { ...right, mask: "age" }, right],
  ])("%s", (_, block, step) => {
    expect(equalEverywhere(block, step, 3)).toBe(false);
    expect(["REFUTED", "NOT PROVEN"]).toContain(verdictOf(block, step, 3).verdict);
  });
});

test("for every ring, window and block what is proven is equal at every position", () => {
  let proven = 0;
  for (const N of [3, 4])
    for (const window of [1, 2, 3, 4].filter((w) => w <= N))
      for (const tokens of [2, 3]) {
        const ring: Ring = { N, window, mask: window % 2 ? "age" : "age and written" };
        const { verdict } = verdictOf(ring, ring, tokens);
        const equal = equalEverywhere(ring, ring, tokens);
        expect(verdict === "PROVEN" && !equal).toBe(false);
        if (equal && tokens <= N && window <= N - tokens + 1) expect(verdict).toBe("PROVEN");
        if (verdict === "PROVEN") proven++;
      }
  expect(proven).toBeGreaterThan(5);
});
