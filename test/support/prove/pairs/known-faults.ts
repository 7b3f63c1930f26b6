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

/** None at present. */
export const KNOWN_FAULTS: readonly KnownFault[] = [];
