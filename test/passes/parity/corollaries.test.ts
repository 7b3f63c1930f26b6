/** What `prove` grants, `parity` may not contradict: pairs whose corollaries all hold agree over rejections, stale rows and padding. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphError } from "../../../src/dsl/error.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import type { Twins } from "../../../src/dsl/twins.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { parity } from "../../../src/passes/parity/parity.ts";
import type { Runner } from "../../../src/passes/parity/runner.ts";
import { abilitiesOf, usualSequence } from "../../../src/passes/parity/sequence.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { drawsOf, type PairDraw } from "../../support/prove/pairs/draw.ts";
import { experimentOf, STRICTEST } from "../../support/prove/pairs/feeds.ts";
import { pairOf } from "../../support/prove/pairs/judge.ts";

interface Compared {
  /** Whether the verdict grants all that the sequence does. */
  readonly granted: boolean;
  readonly equal: boolean;
}

/** Undefined where the pair is not proven exact, has no sequence, or a value is not finite (P7). */
async function compared(draw: PairDraw): Promise<Compared | undefined> {
  const pair = twinsOrNone(draw);
  if (!pair || pair.tokens < 2) return undefined;
  const verdict = prove(pair.block, pair.step, { counterexample: false, secondOpinion: false });
  if (verdict.verdict !== "PROVEN" || verdict.level !== "exact") return undefined;
  const calls = usualSequence(pair.tokens, pair.slots ?? 0, abilitiesOf(pair));
  if (calls.length === 0) return undefined;
  const holds = (name: string) => verdict.corollaries.some((c) => c.name === name && c.holds);
  const padded = calls.some(({ rows }) => rows.includes(undefined));
  const finite = { all: true };
  const runners = { runBlock: runner(pair, pair.block, draw, finite), runStep: runner(pair, pair.step, draw, finite) };
  const { equal } = await parity({ ...pair, ...runners }, { calls, seed: draw.seed });
  return finite.all ? { granted: holds("acceptPrefix") && (!padded || holds("padding")), equal } : undefined;
}

function twinsOrNone(draw: PairDraw): Twins | undefined {
  try {
    return pairOf(draw);
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

/** The reference interpreter on the weights of the draw; notes whether P7 holds. */
function runner(pair: Twins, graph: Graph, { seed }: PairDraw, finite: { all: boolean }): Runner {
  const { weight } = experimentOf(pair, STRICTEST, seed);
  return (given) => {
    const values = Object.fromEntries(Object.entries(given).map(([name, x]) => [name, toNDArray(x)]));
    const all = evaluateAll(graph, { values, weight });
    for (const { data } of all.values()) if (!data.every(Number.isFinite)) finite.all = false;
    return {
      outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, x]) => [name, all.get(x)!])),
      states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, all.get(exit)!])),
    };
  };
}

test("no granted corollary is contradicted, and denied ones are worth denying", { timeout: 120_000 }, async () => {
  const counts = { granted: 0, "denied, equal": 0, "denied, different": 0 };
  const property = fc.asyncProperty(drawsOf("states"), async (draw) => {
    const found = await compared(draw);
    if (!found) return;
    if (found.granted) expect(found.equal).toBe(true);
    counts[found.granted ? "granted" : found.equal ? "denied, equal" : "denied, different"]++;
  });
  await fc.assert(property, { numRuns: 60, seed: 11 });
  console.log(`parity against corollaries: ${JSON.stringify(counts)}`);
  expect(counts.granted).toBeGreaterThan(0);
  expect(counts["denied, different"]).toBeGreaterThan(0);
});
