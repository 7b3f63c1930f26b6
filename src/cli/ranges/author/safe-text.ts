/** What `--engine-safe` chose for an author's graph, in words. */
import { wrapLine } from "../../terminal/wrap.ts";
import { claimLines } from "../claim-record.ts";
import { OUTSIDE } from "../safe-text.ts";
import { graphsClaim } from "./claim.ts";
import type { GraphDrift } from "./drift.ts";
import type { Clamps, SafeGraph, UnsafeGraph } from "./safe.ts";
import { figure, valueWords } from "./text.ts";

type Chosen = Pick<SafeGraph, "exponents" | "clamps">;

/** Which values are held at which powers, and which are clipped. */
export function heldLines({ exponents, clamps }: Chosen): readonly string[] {
  const each = exponents.map(({ value, exponent }) => `${valueWords(value)} at 2^-${exponent}`);
  const holds = clamps?.values.length ? "powers of two hold nothing more" : "everything holds as it is";
  return [
    wrapLine(`exponents: ${each.length === 0 ? `none, ${holds}` : each.join(", ")}`),
    ...(clamps ? clampLines(clamps) : []),
  ];
}

/** Where values are clipped, and what that means for what is claimed. */
function clampLines({ margin, blocks, tokens, values }: Clamps): readonly string[] {
  if (values.length === 0) return ["clamps: none, powers of two are enough"];
  const each = values.map(
    ({ value, most, reached }) => `${valueWords(value)} at ±${most} (samples reach ${figure(reached)})`,
  );
  return [
    wrapLine(
      `clamps: ${each.join(", ")}; ${margin} times what ${blocks} blocks of ${tokens} tokens of random inputs within the bounds reach`,
    ),
    OUTSIDE,
  ];
}

/** What would be chosen, and what holds with it, without a proof. */
export function safeGraphText(name: string, found: SafeGraph | UnsafeGraph): string {
  if (found.kind === "unsafe")
    return wrapLine(`${name}: NO: no powers of two make it safe: ${found.why}; ${found.mend}`);
  return [
    `${name}: bounds for every input within what is given, with the exponents${found.clamps?.values.length ? " and clamps" : ""} of --engine-safe`,
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

/** The exponents and clamps, for a program to read. */
export const heldRecord = ({ exponents, clamps }: Chosen) => ({
  exponents: exponents.map(({ value, exponent }) => ({ value: valueWords(value), exponent })),
  ...(clamps
    ? {
        clamps: {
          ...clamps,
          values: clamps.values.map(({ place, value, ...one }) => ({ value: valueWords(value), ...one })),
        },
      }
    : {}),
});

/** How far the engine's arithmetic is from fp64 with exponents, and beside it without. */
export function graphDriftLine({ blocks, tokens, safe, plain }: GraphDrift, { clamps }: Chosen): string {
  const way = clamps?.values.length ? "exponents and clamps" : "exponents";
  const text = (x: number): string => (Number.isFinite(x) ? x.toPrecision(3) : "no finite number");
  return wrapLine(
    `on the engine's arithmetic, ${blocks} blocks of ${tokens} tokens of random inputs within the bounds, from fp64: outputs are off by ${text(safe)} with ${way}, ${text(plain)} without`,
  );
}
