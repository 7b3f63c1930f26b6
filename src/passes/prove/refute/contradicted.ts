/** A proof that the graphs themselves contradict: a fault of the prover, never a footnote under PROVEN. */
import type { Mode } from "../logic/setting.ts";
import type { ProvenPair } from "../program/pair.ts";
import type { Contradiction } from "./attack.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** What speaks against a proof: a run of both graphs, or their values over prime fields. */
export type Against =
  | { readonly by: "run"; readonly found: Contradiction }
  | {
      readonly by: "fields";
      readonly seed: number;
      readonly found: readonly (Fingerprint & { readonly prime: number })[];
    };

/** Carries the graphs and the feed, so that the fault can be dumped and run again. */
export class ProofContradicted extends Error {
  override readonly name = "ProofContradicted";
  readonly pair: ProvenPair;
  readonly level: Mode;
  readonly against: Against;

  constructor(pair: ProvenPair, level: Mode, against: Against) {
    super(`a proof (${level}) is contradicted by ${told(against)}`);
    this.pair = pair;
    this.level = level;
    this.against = against;
  }
}

function told(against: Against): string {
  if (against.by === "fields") {
    const places = against.found.map(({ prime, at }) => `mod ${prime} at ${at}`).join(", ");
    return `random evaluation over prime fields: ${places} (seed ${against.seed})`;
  }
  const { mismatch, seed, style } = against.found;
  const { name, index, block, step } = mismatch;
  const where = `${name}[${index}] is ${block} in the block, ${step} in the steps`;
  return `an input that keeps its preconditions: ${where} (seed ${seed}, ${JSON.stringify(style)})`;
}
