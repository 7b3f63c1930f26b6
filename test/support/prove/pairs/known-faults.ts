/**
 * Faults of the prover that the fuzz found and that are not mended yet. Such a pair is counted and passed over; an entry
 * whose example is mended fails, so that it leaves the list.
 */
import type { PairDraw } from "./draw.ts";

/** A fault by name, and the smallest draw that shows it. */
export interface KnownFault {
  readonly name: string;
  /** Whether a fault that was met is this one. */
  is(fault: string, draw: PairDraw): boolean;
  readonly example: PairDraw;
}

export const KNOWN_FAULTS: readonly KnownFault[] = [
  {
    name: "a position that the graph moves beyond its axis stops the search for a counterexample",
    is: (fault) => /^crash: (GraphError|RangeError).* is outside an axis of size/.test(fault),
    example: {
      family: "positions",
      tokens: 2,
      slots: 4,
      sizes: [1, 1],
      names: 0,
      knobs: [8, 8, 8, 0, 8, 8, 8, 8],
      code: [{ op: 0, a: 0, b: 0, k: 0 }],
      edit: { where: "step", at: 0, field: "k", by: 1 },
      seed: 995565,
    },
  },
  {
    name: "a factor of -5000 on the scores counts as what masks out, and the counterexample has scores beyond any bound of P8",
    is: (fault, { family }) => fault.startsWith("false REFUTED") && (family === "masked" || family === "names"),
    example: {
      family: "masked",
      tokens: 3,
      slots: 6,
      sizes: [1, 1],
      names: 0,
      knobs: [54, 4, 5, 9, 11, 62, 19, 21],
      code: [{ op: 18, a: 52, b: 63, k: 61 }],
      edit: { where: "none", at: 62, field: "op", by: 6 },
      seed: 6,
    },
  },
];
