/** How the JavaScript engine is set for a command line. */
import { setFlagsFromString } from "node:v8";

/**
 * Lets functions run longer before they are optimised. Most of what a command does is over before optimised code pays for
 * its making: `node bench/prove.mjs` and `node bench/prove.mjs --eager` print proofs with and without this. Loops that
 * run long are optimised all the same. Only the V8 of Node 20 knows this setting; a later one would complain on standard error.
 */
export function optimiseLater(): void {
  if (process.versions.v8.startsWith("11.")) setFlagsFromString("--interrupt-budget=500000");
}
