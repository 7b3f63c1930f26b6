/** Assertions about proofs: that one succeeds at each T, and that a planted fault is refuted. */
import { COMPARED_OPTIONS, type Compared, type ComparedOptions } from "../api/compared.ts";
import { type ProveResult, prove } from "../api/prove.ts";
import { authorFrame } from "../cli/errors/report.ts";
import { ALL_COUNTS } from "../cli/interface/outputs.ts";
import { briefSides } from "../cli/verdict/brief.ts";
import { aloneLines } from "../cli/verdict/own-text.ts";
import { claimOf } from "../cli/verdict/prove-text.ts";
import { blockAndSteps } from "../cli/verdict/sides.ts";
import { optionsGiven, typed } from "../dsl/given/values.ts";
import { AssertionFailed, type Claim } from "./failure.ts";
import { pairsOf, type Subject } from "./subject.ts";

/** How a proof is asked for. */
export interface ProvenOptions extends ComparedOptions {
  /** "exact" when absent: equal bits. "reals" takes either. */
  readonly level?: "exact" | "reals";
}

/** How a refutation is asked for. */
export interface RefutedOptions extends ComparedOptions {
  /** The name of the value at which block and steps must part first; so that a fault is not refuted for another reason. */
  readonly value?: string;
}

/** A proof, as `prove` gives it. */
export type ProvenResult = Extract<ProveResult, { readonly verdict: "PROVEN" }>;
/** A refutation, as `prove` gives it. */
export type RefutedResult = Extract<ProveResult, { readonly verdict: "REFUTED" }>;

/**
 * A block of T tokens equals T single-token calls, proven at each T that the subject names. The text of a failure is that of `graphc prove`.
 * @returns the proofs, one for each T
 * @throws AssertionFailed at the first T that is not proven, or not at the level; UserError and GraphError as `prove` does
 */
export async function assertProven(subject: Subject, options: ProvenOptions = {}): Promise<readonly ProvenResult[]> {
  const { level: asked, ...given } = optionsGiven(options, "assertProven", [...COMPARED_OPTIONS, "level"]);
  const isLevel = (x: unknown) => x === "exact" || x === "reals";
  const level = typed<"exact" | "reals">(asked, "level", isLevel, '"exact" or "reals"') ?? "exact";
  return eachPair(subject, async (pair) => {
    const found = await prove(pair, given as ComparedOptions);
    if (found.verdict === "PROVEN" && (level === "reals" || found.level === "exact")) return found;
    throw failureOf(found, `PROVEN (${level})`);
  });
}

/**
 * A block of T tokens differs from T single-token calls, on an input that keeps the preconditions, at each T: what a planted fault must do. A
 * counterexample that rests on a role which nobody stated refutes nothing.
 * @returns the refutations, one for each T
 * @throws AssertionFailed at the first T that is not refuted, or not at the value; UserError and GraphError as `prove` does
 */
export async function assertRefuted(subject: Subject, options: RefutedOptions = {}): Promise<readonly RefutedResult[]> {
  const { value: asked, ...given } = optionsGiven(options, "assertRefuted", [...COMPARED_OPTIONS, "value"]);
  const value = typed<string>(asked, "value", (x) => typeof x === "string" && x !== "", "the name of a value");
  return eachPair(subject, async (pair) => {
    const found = await prove(pair, given as ComparedOptions);
    if (found.verdict !== "REFUTED") throw failureOf(found, "REFUTED");
    if (value !== undefined && found.finding.value !== value) throw failureOf(found, "REFUTED", ` at ${value}`);
    return found;
  });
}

/** One after the other: the first that fails is told. */
async function eachPair<X>(subject: Subject, look: (pair: Compared) => Promise<X>): Promise<readonly X[]> {
  const found: X[] = [];
  for (const pair of pairsOf(subject)) found.push(await look(pair));
  return found;
}

/** Where a guess keeps a difference from being a refutation: how it is said. */
function sayIt({ verdict, guessed }: ProveResult): readonly string[] {
  if (verdict !== "NOT PROVEN" || guessed.length === 0) return [];
  const roles = guessed.map(({ input, role }) => `${JSON.stringify(input)}: "${role}"`).join(", ");
  return [`  if that is so, say it: { role: … } where each is made, or as an option roles: { ${roles} }`];
}

function failureOf(found: ProveResult, asked: Claim, where = ""): AssertionFailed {
  const text = briefSides(found, blockAndSteps(found.sizes.tokens, ALL_COUNTS), []);
  const lines = [text, ...aloneLines(found.heldAlone), ...sayIt(found), `  asked for: ${asked}${where}`];
  const finding = found.verdict === "PROVEN" ? found.notExact : found.finding;
  const at = finding && authorFrame(finding.site);
  return new AssertionFailed(lines.join("\n"), {
    kind: "verdict",
    asked,
    said: claimOf(found) as Claim,
    tokens: found.sizes.tokens,
    ...(finding?.value ? { value: finding.value } : {}),
    ...(at ? { at } : {}),
  });
}
