/** Where two graphs part: what a failed proof says to a person. */
import type { Site } from "../../../dsl/site.ts";
import type { Reason } from "../logic/opaque.ts";
import type { Twin } from "./parting/descent.ts";

/** As far as the proof can tell. */
export interface Finding {
  /** The first named value that differs, or could not be understood; empty where the reason is about none. */
  readonly value: string;
  /** What the step calls the value, where it is read from a package and has another name there. */
  readonly twin?: string;
  /** Of what the value is made from, what could not be paired with the step's: the difference may begin there. */
  readonly unpaired?: readonly string[];
  /** The difference is at the row of a later token, which the block has written and the step has not, and no mask shuts it. */
  readonly later?: true;
  /** `token 1`, `cache row of token 2`, `any other cache row`, with the index compared. */
  readonly where: string;
  /** The smallest parts in which the two terms differ, in short. */
  readonly block?: string;
  readonly step?: string;
  /** Why a term could not be made. */
  readonly reason?: Reason;
  /** The op and the author's line of the value. */
  readonly op: string;
  readonly site: Site;
  /** What would close the gap, where that is known. */
  readonly hint?: string;
}

/** What the terms say of a value by its name, or of values of both graphs, if they part there. */
export type ExplainAt = (name: string, twin?: Twin) => Finding | undefined;

/** What differs on an input has nothing that would close it. */
export function withoutHint({ hint: _, ...finding }: Finding): Finding {
  return finding;
}
