/** What is said of weights that the graphs hold themselves, and that are not any numbers. */
import { wrapLine } from "../terminal/wrap.ts";

/** What "all weights" leaves out. */
export const aloneLines = (alone: number): readonly string[] =>
  alone === 0
    ? []
    : [
        `  of the stored tensors ${alone === 1 ? "one is" : `${alone} are`} held by one of the two alone: taken as the numbers that they are, not for any`,
      ].map(wrapLine);

/** Where the input of a case was written that was found with the weights of the graphs. */
export const ownDump = (folder: string): string =>
  `the input and the states are in ${folder}, by the names of the first graph; graphc run takes them with the packages that were given`;
