/** What bounds say of a proof, as a certificate has it, and in words. */
import { wrapLine } from "../terminal/wrap.ts";

/** A precondition of a proof that the bounds were held against. */
export interface Held {
  readonly id: "P7" | "P8";
  readonly met: boolean;
  readonly says: string;
}

/** As a certificate has it. */
export interface RangesRecord {
  readonly claim: "ORDER-FREE (engine)" | "NOT ORDER-FREE (engine)";
  readonly says: string;
  readonly given: readonly string[];
  /** Of the preconditions that the proof used. */
  readonly preconditions: readonly Held[];
  /** Every bound, by layer or by graph and value. */
  readonly [more: string]: unknown;
}

/** The claim on the first line, then what is met. */
export const claimLines = ({ claim, says, given, preconditions }: RangesRecord): readonly string[] =>
  [
    `${claim}: ${says}`,
    ...given.map((one) => `  given that ${one}`),
    ...preconditions.map(({ id, met, says: words }) => `  ${met ? "met" : "NOT met"} by the weights: ${id} ${words}`),
  ].map(wrapLine);
