/** What assertions are about: a model at each of several T, or one pair of graphs. */
import type { Compared, SizedBlock } from "../api/compared.ts";
import { shown, wholeGiven } from "../dsl/given/values.ts";
import type { Graphs } from "../dsl/host/twins.ts";
import { UserError } from "../dsl/user-error.ts";

/** A model function at one T or at several, each of which is looked at by itself. */
export interface SizedModels extends Omit<SizedBlock, "tokens"> {
  /** T, from 2. */
  readonly tokens: number | readonly number[];
}

/** A model at its sizes, or a block of T tokens and its one-token twin. */
export type Subject = SizedModels | Graphs;

/** Each pair by itself, one or more. @throws UserError for no T, one below 2, or one given twice */
export function pairsOf(subject: Subject): readonly Compared[] {
  if (typeof subject !== "object" || subject === null || !("model" in subject)) return [subject];
  const { tokens, ...rest } = subject;
  const all = Array.isArray(tokens) ? (tokens as readonly unknown[]) : [tokens];
  if (all.length === 0) throw new UserError("tokens is an empty list, so that nothing would be looked at");
  const sizes = all.map((one) => wholeGiven(one, "tokens", 2));
  const twice = sizes.find((one, n) => sizes.indexOf(one) < n);
  if (twice !== undefined) throw new UserError(`tokens names ${shown(twice)} twice`);
  return sizes.map((one) => ({ ...rest, tokens: one }));
}
