/** What `--engine-safe` chose for an author's graph, in words. */
import { wrapLine } from "../wrap.ts";
import { valueWords } from "./author-text.ts";
import { claimLines } from "./claim-record.ts";
import { graphsClaim } from "./graph-claim.ts";
import type { GraphDrift } from "./graph-drift.ts";
import type { SafeGraph, UnsafeGraph } from "./safe-graph.ts";

/** Which values are held at which powers. */
export function heldLines({ exponents }: Pick<SafeGraph, "exponents">): readonly string[] {
  if (exponents.length === 0) return ["exponents: none, everything holds as it is"];
  const each = exponents.map(({ value, exponent }) => `${valueWords(value)} at 2^-${exponent}`);
  return [wrapLine(`exponents: ${each.join(", ")}`)];
}

/** What would be chosen, and what holds with it, without a proof. */
export function safeGraphText(name: string, found: SafeGraph | UnsafeGraph): string {
  if (found.kind === "unsafe")
    return wrapLine(`${name}: NO: no powers of two make it safe: ${found.why}; ${found.mend}`);
  return [
    `${name}: bounds for every input within what is given, with the exponents of --engine-safe`,
    ...heldLines(found),
    ...claimLines(graphsClaim(found.bounded, NO_PROOF)),
  ].join("\n");
}

/** The same for a program to read. */
export const safeGraphRecord = (found: SafeGraph | UnsafeGraph): object =>
  found.kind === "unsafe"
    ? { holds: false, why: found.why, mend: found.mend }
    : { holds: true, ...heldRecord(found), ranges: graphsClaim(found.bounded, NO_PROOF) };

const NO_PROOF = { preconditions: [] };

/** The exponents, for a program to read. */
export const heldRecord = ({ exponents }: Pick<SafeGraph, "exponents">) => ({
  exponents: exponents.map(({ value, exponent }) => ({ value: valueWords(value), exponent })),
});

/** How far the engine's arithmetic is from fp64 with exponents, and beside it without. */
export function graphDriftLine({ blocks, tokens, safe, plain }: GraphDrift): string {
  const text = (x: number): string => (Number.isFinite(x) ? x.toPrecision(3) : "no finite number");
  return wrapLine(
    `on the engine's arithmetic, ${blocks} blocks of ${tokens} tokens of random inputs within the bounds, from fp64: outputs are off by ${text(safe)} with exponents, ${text(plain)} without`,
  );
}
