/** What `graphc equal` says: the prover's verdict in words about two graphs of the same T. */
import type { Graph } from "../../dsl/graph.ts";
import type { Reason } from "../../passes/prove/logic/opaque.ts";
import { withoutHint } from "../../passes/prove/refute/finding.ts";
import { graphHash } from "../../passes/prove/report/certificate.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { leftOutText } from "../interface/outputs.ts";
import { TOOL_VERSION } from "../terminal/version.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { aloneLines } from "../verdict/own-text.ts";
import { plainVerdict } from "../verdict/prove-text.ts";
import type { Sides } from "../verdict/sides.ts";

/** A verdict, and what it is about. */
export interface EqualVerdict {
  readonly verdict: Verdict;
  readonly a: string;
  readonly b: string;
  /** Whether the inputs are those of a call of one token, fed as their roles say; else each is an arbitrary array. */
  readonly oneToken: boolean;
  /** How many stored tensors one of them alone holds. */
  readonly alone: number;
  /** Outputs that do not count. */
  readonly notCompared: readonly string[];
  /** Whether an input holds whole numbers, which may tell places. */
  readonly countsPlaces: boolean;
}

const ARBITRARY =
  "every input is an arbitrary array, the same for both, and so is every state: nothing is assumed of masks and positions";

const NOT_SEARCHED =
  "not looked at: whether they are equal for what a host feeds in calls of several tokens; the graphs of one token can be compared with their roles";

/** Reasons for which a proof stops at an index. */
const ABOUT_INDICES: ReadonlySet<string> = new Set<Reason["code"] | "">([
  "run-time index",
  "undecided",
  "out of range",
]);

const UNFOLLOWED =
  "not followed: what is read or written at a position that is fed; in calls of several tokens it is any number to the proof, in or out of the cache";

/** The verdict in words about A and B: what both are fed is the same by the claim itself. */
export function equalVerdict(verdict: Verdict, oneToken: boolean): Verdict {
  const isSaid = ({ id }: Verdict["preconditions"][number]) => id !== "P6" && id !== "P9";
  const preconditions = verdict.preconditions.filter(isSaid);
  // What nobody fed has no role.
  const roles = oneToken ? verdict.roles : [];
  if (verdict.verdict !== "NOT PROVEN" || oneToken) return { ...verdict, preconditions, roles };
  // A position that is an input is an array like any other here: no other one would close the gap.
  const finding = withoutHint(verdict.finding);
  return { ...verdict, preconditions, roles, finding, searched: "no input was tried" };
}

/** The verdict as `print` tells it; the first line is the claim. */
export function printEqual(
  { verdict, a, b, oneToken, alone, countsPlaces, notCompared }: EqualVerdict,
  print: (verdict: Verdict, sides: Sides) => string,
): string {
  const claims: Readonly<Record<Verdict["verdict"], string>> = {
    PROVEN: "are equal",
    REFUTED: "are not equal",
    "NOT PROVEN": "are not known to be equal",
  };
  const text = print(verdict, {
    claim: `A and B ${claims[verdict.verdict]}, call by call${leftOutText({ notCompared, rows: {} })}`,
    one: "A",
    other: "B",
    gave: ["A gives", "B gives"],
    countsTokens: false,
  });
  const [first, ...rest] = text.split("\n");
  const fed = oneToken ? "both are fed the same inputs, and hold the same in their states at entry" : ARBITRARY;
  const lines = [`  A: ${a}`, `  B: ${b}`, `  ${fed}`].map(wrapLine);
  const isIndex = "finding" in verdict && ABOUT_INDICES.has(verdict.finding.reason?.code ?? "");
  const missing = [NOT_SEARCHED, ...(countsPlaces && isIndex ? [UNFOLLOWED] : [])];
  const not = verdict.verdict === "NOT PROVEN" && !oneToken ? missing.map((line) => wrapLine(`  ${line}`)) : [];
  return [first, ...lines, ...aloneLines(alone), ...rest, ...not].join("\n");
}

/** The same as JSON. Of calls of several tokens the prover has counted none. */
export function equalRecord(
  { verdict, a, b, oneToken, alone, notCompared }: EqualVerdict,
  graphs: { a: Graph; b: Graph },
) {
  const { sizes } = verdict;
  const { tokens: _, ...others } = sizes;
  return {
    ...(plainVerdict(verdict) as object),
    sizes: oneToken ? sizes : others,
    ...(notCompared.length > 0 ? { notCompared } : {}),
    tool: TOOL_VERSION,
    a: { name: a, sha256: graphHash(graphs.a) },
    b: { name: b, sha256: graphHash(graphs.b) },
    inputs: oneToken ? "by their roles" : "arbitrary",
    ...(alone > 0 ? { heldAlone: alone } : {}),
  };
}
