/** For every rule a term on which it fires, and terms near its condition on which it must not. */
import { ARITHMETIC } from "./arithmetic.ts";
import { CHOICE } from "./choice.ts";
import type { Near } from "./language.ts";
import { POSITIONS } from "./positions.ts";
import { REALS, SUMS } from "./reductions.ts";

/** By rule. */
export const NEAR: Readonly<Record<string, Near>> = { ...POSITIONS, ...ARITHMETIC, ...CHOICE, ...SUMS, ...REALS };
