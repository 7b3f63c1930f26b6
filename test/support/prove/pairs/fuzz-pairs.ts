/** The fuzz over random pairs of small graphs: counts by family, and no verdict or corollary that the interpreter contradicts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { authorFile } from "./author-file.ts";
import { drawsOf, type PairDraw } from "./draw.ts";
import { FAMILIES, judge, type Outcome, pairOf } from "./judge.ts";
import { KNOWN_FAULTS } from "./known-faults.ts";

/** A bound on hangs: a property is run at whatever length it is asked for. */
const timeout = 3_600_000;

type Counts = Partial<Record<Outcome | "known fault", number>>;

/** So many pairs of each family. `PROVE_PAIR` holds one draw, as a failure prints it, to be judged alone. */
export function randomGraphs(runs: number, seed: number, experiments?: number): void {
  const only = process.env.PROVE_PAIR;
  if (only !== undefined) {
    test("the pair of PROVE_PAIR", { timeout }, () => judged(JSON.parse(only) as PairDraw));
    return;
  }
  const each = Math.ceil(runs / Object.keys(FAMILIES).length);
  test.each(Object.keys(FAMILIES))(
    `%s: ${each} random pairs (seed ${seed}), no verdict that the interpreter contradicts`,
    { timeout },
    (family) => {
      const counts: Counts = {};
      const property = fc.property(drawsOf(family), (draw) => {
        const outcome = judged(draw, experiments);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      });
      fc.assert(property, { numRuns: each, seed });
      console.log(`${family}: ${JSON.stringify(counts)}`);
      expect(emptiness(counts)).toBe("none");
    },
  );
  test.each(KNOWN_FAULTS.map((known) => [known.name, known] as const))("not mended yet: %s", (_, known) => {
    const { fault } = judge(known.example);
    expect(fault !== undefined && known.is(fault, known.example)).toBe(true);
  });
}

/** What a family never does, so that it says nothing. */
export function emptiness({ exact = 0, reals = 0, refuted = 0, different = 0 }: Counts): string {
  if (exact + reals === 0) return "nothing was proven";
  return refuted + different === 0 ? "nothing was refuted or told apart" : "none";
}

/** @throws Error with the pair as an author's file, and the line that judges it again. */
function judged(draw: PairDraw, experiments?: number): Outcome | "known fault" {
  const { outcome, fault } = judge(draw, experiments);
  if (fault === undefined) return outcome;
  if (KNOWN_FAULTS.some((known) => known.is(fault, draw))) return "known fault";
  const again = `PROVE_PAIR='${JSON.stringify(draw)}' npx vitest run test/passes/prove/fuzz.long.test.ts`;
  throw new Error(`${fault}\n${again}\n${authorFile(pairOf(draw), `--tokens ${draw.tokens}`)}`);
}
