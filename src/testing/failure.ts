/** What an assertion throws: the sentence of the command line, and the same as data. */
import type { Frame } from "../dsl/site.ts";

/** A claim that did not hold: of a proof, of runs, or of golden files. */
export type Failure =
  | {
      readonly kind: "verdict";
      /** What was claimed, and what the prover says. */
      readonly asked: Claim;
      readonly said: Claim;
      /** T. */
      readonly tokens: number;
      /** The value at which block and steps part, where one is known, and the author's line that made it. */
      readonly value?: string;
      readonly at?: Frame;
    }
  | {
      readonly kind: "runs";
      /** T, and how many tokens of each call were kept in the smallest case that was found. */
      readonly tokens: number;
      readonly accepted: readonly number[];
      /** Of the rows that were fed there. */
      readonly feedSeed: number;
      /** What finds it again, as options of the assertion. */
      readonly seed: number;
      readonly path: string;
      /** The value at which a proof of the pair fails, where one does, and the author's line that made it. */
      readonly value?: string;
      readonly at?: Frame;
    }
  | { readonly kind: "golden"; readonly files: readonly GoldenProblem[] };

/** The answers of a proof, in the words of the command line. */
export type Claim = "PROVEN (exact)" | "PROVEN (reals)" | "REFUTED" | "NOT PROVEN";

/** A golden file that is not what it should be: stale is one that no graph of the table has. */
export interface GoldenProblem {
  readonly file: string;
  readonly problem: "missing" | "differs" | "stale";
}

/** Thrown by an assertion whose claim did not hold. `message` is what the command line prints, and what was asked for. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
  readonly failure: Failure;

  constructor(message: string, failure: Failure) {
    super(message);
    this.failure = failure;
  }
}
