/** What the two graphs of a verdict are called, and what is claimed of them. */
import { type LeftOut, leftOutText } from "../interface/outputs.ts";

/** What is compared where no input has an axis of several tokens; a block of several is another graph. */
export const ONE_TOKEN = "one token against one token, which says nothing of a block of several";

/** What the two graphs are called. */
export interface Sides {
  /** What is claimed, or denied, of them. */
  readonly claim: string;
  readonly one: string;
  readonly other: string;
  /** What stands before a number that each gave. */
  readonly gave: readonly [one: string, other: string];
  /** Whether the prover's number of tokens is that of the calls. */
  readonly countsTokens: boolean;
}

/** A block, and the steps that it stands for; what is not compared is told with the claim. */
export const blockAndSteps = (tokens: number, leftOut: LeftOut): Sides => ({
  claim: `${tokens === 1 ? ONE_TOKEN : `a block of ${tokens} tokens against ${tokens} single-token calls`}${leftOutText(leftOut)}`,
  one: "block",
  other: "steps",
  gave: ["block gives", "steps give"],
  countsTokens: true,
});
