/** How the JavaScript engine is set for a command line. */
import { setFlagsFromString } from "node:v8";

/**
 * Lets functions run longer before they are optimised. Most of what a command does is over before optimised code pays for
 * its making: `node bench/prove.mjs` and `node bench/prove.mjs --eager` print proofs with and without this. Loops that
 * run long are optimised all the same.
 */
export const optimiseLater = (): void => setFlagsFromString("--interrupt-budget=500000");
