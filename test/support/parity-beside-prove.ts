/** Random pairs under parity and under prove: what one says, the other does not contradict without telling why. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphError } from "../../src/dsl/error.ts";
import type { Graph } from "../../src/dsl/graph.ts";
import type { Twins } from "../../src/dsl/host/twins.ts";
import { UserError } from "../../src/dsl/user-error.ts";
import { evaluateAll } from "../../src/passes/interpret/evaluate.ts";
import { toNDArray } from "../../src/passes/kernels/raw.ts";
import { isEqual } from "../../src/passes/parity/call.ts";
import { type ParityReport, parity } from "../../src/passes/parity/parity.ts";
import type { Runner } from "../../src/passes/parity/runner.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import type { Verdict } from "../../src/passes/prove/report/verdict.ts";
import { drawsOf, type PairDraw } from "./prove/pairs/draw.ts";
import { experimentOf, STRICTEST } from "./prove/pairs/feeds.ts";
import { FAMILIES, pairOf } from "./prove/pairs/judge.ts";

/** Other seeds that are tried before a pair that was refuted is called equal. */
const PATIENCE = 40;

/** What the two say of a pair, and how that fits together; "contradiction" is a fault. */
type Said = `${Verdict["verdict"]} ${"EQUAL" | "DIFFERS" | "NOT FINITE" | "refused"}${string}`;

/** So many pairs of each family. */
export function parityBesideProve(runs: number, seed: number): void {
  test.each(Object.keys(FAMILIES))(
    `%s: ${runs} random pairs, parity and prove (seed ${seed})`,
    { timeout: 1_800_000 },
    async (family) => {
      const counts: Record<string, number> = {};
      const property = fc.asyncProperty(drawsOf(family), async (draw) => {
        const said = await saidOf(draw);
        if (said === undefined) return;
        expect(said).not.toContain("contradiction");
        counts[said] = (counts[said] ?? 0) + 1;
      });
      await fc.assert(property, { numRuns: runs, seed });
      console.log(`${family}: ${JSON.stringify(counts)}`);
      expect(Object.keys(counts)).toEqual(expect.arrayContaining(["PROVEN EQUAL", "REFUTED DIFFERS"]));
    },
  );
}

async function saidOf(draw: PairDraw): Promise<Said | undefined> {
  const pair = unlessRefused(() => pairOf(draw));
  if (!pair) return undefined;
  const verdict = prove(pair.block, pair.step, { secondOpinion: false, seed: draw.seed, budget: 0 });
  const ran = await run(pair, draw.seed);
  if (!ran) return `${verdict.verdict} refused`;
  const { report, finite } = ran;
  const says = report.equal ? "EQUAL" : differs(report) ? "DIFFERS" : "NOT FINITE";
  const said = `${verdict.verdict} ${says}` as const;
  if (said === "PROVEN DIFFERS") return `${said}, ${whyThoughProven(verdict, finite)}`;
  if (said === "REFUTED EQUAL") return `${said}, ${await whyThoughRefuted(pair, draw, report)}`;
  return said;
}

const differs = ({ calls }: ParityReport): boolean => calls.some((call) => call.counts === "yes" && !isEqual(call));

/** A proof is of one block: that calls follow each other, rejected rows and padding included, are its corollaries. */
function whyThoughProven(verdict: Verdict, finite: boolean): string {
  if (verdict.verdict !== "PROVEN" || verdict.level === "reals") return "proven over the reals";
  const denied = verdict.corollaries.filter(({ holds, needs }) => !holds || needs.includes("P2'"));
  if (denied.length > 0) return "a corollary is denied";
  return finite ? "contradiction" : "P7 is broken on the way";
}

/** The coverage tells it: other seeds find the difference, or calls did not count. */
async function whyThoughRefuted(pair: Twins, draw: PairDraw, { exercised }: ParityReport): Promise<string> {
  if (exercised.notFinite + exercised.beyondMask > 0) return "some calls did not count";
  for (let k = 1; k <= PATIENCE; k++) {
    const ran = await run(pair, draw.seed + 3 * k);
    if (ran && differs(ran.report)) return "other seeds differ";
  }
  return "contradiction";
}

/** On the reference interpreter; undefined where parity refuses the pair. */
async function run(
  pair: Twins,
  seed: number,
): Promise<{ readonly report: ParityReport; readonly finite: boolean } | undefined> {
  const seen = { finite: true };
  const runners = {
    runBlock: runner(pair, pair.block, seed, seen),
    runStep: runner(pair, pair.step, seed, seen),
  };
  try {
    return { report: await parity({ ...pair, ...runners }, { seed }), finite: seen.finite };
  } catch (error) {
    if (error instanceof GraphError || error instanceof UserError) return undefined;
    throw error;
  }
}

/** Weights of the draw; notes whether every value on the way is finite. */
function runner(pair: Twins, graph: Graph, seed: number, seen: { finite: boolean }): Runner {
  const { weight } = experimentOf(pair, STRICTEST, seed);
  return (given) => {
    const values = Object.fromEntries(Object.entries(given).map(([name, x]) => [name, toNDArray(x)]));
    const all = evaluateAll(graph, { values, weight });
    for (const { data } of all.values()) if (!data.every(Number.isFinite)) seen.finite = false;
    return {
      outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, x]) => [name, all.get(x)!])),
      states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, all.get(exit)!])),
    };
  };
}

function unlessRefused<X>(make: () => X): X | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}
