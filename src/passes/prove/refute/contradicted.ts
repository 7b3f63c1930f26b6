/** A proof that a run of the graphs contradicts: a fault of the prover, never a footnote under PROVEN. */
import type { Mode } from "../logic/setting.ts";
import type { ProvenPair } from "../program/pair.ts";
import type { Contradiction } from "./attack.ts";

/** Carries the graphs and the feed, so that the fault can be dumped and run again. */
export class ProofContradicted extends Error {
  override readonly name = "ProofContradicted";
  readonly pair: ProvenPair;
  readonly found: Contradiction;

  constructor(pair: ProvenPair, level: Mode, found: Contradiction) {
    const { name, index, block, step } = found.mismatch;
    const where = `${name}[${index}] is ${block} in the block, ${step} in the steps`;
    super(
      `a proof (${level}) is contradicted by an input that keeps its preconditions: ${where} (seed ${found.seed}, ${JSON.stringify(found.style)})`,
    );
    this.pair = pair;
    this.found = found;
  }
}
