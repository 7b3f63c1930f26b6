/** What `prove` returns: data for the command line, for the certificate and for tests. */

import type { RoleRecord } from "../../../dsl/role.ts";
import type { Precondition } from "../logic/preconditions.ts";
import type { Mode } from "../logic/setting.ts";
import type { Attacked } from "../refute/attack.ts";
import type { Finding } from "../refute/finding.ts";
import type { SecondOpinion } from "../refute/opinions.ts";
import type { Counterexample } from "../refute/shrink.ts";
import type { Corollary } from "./corollaries.ts";

/** How large the proof was. */
export interface Sizes {
  readonly tokens: number;
  /** Rows of the cache. No step of a proof looks at this number. */
  readonly slots: number;
  readonly terms: number;
  /** Places at which two terms were compared. */
  readonly compared: number;
  /** Parts that the graphs were cut into, and how many of them are not renamings of another. */
  readonly segments: number;
  readonly distinct: number;
}

/** A precondition that a proof used, in words about this pair. */
export interface Used {
  readonly id: Precondition;
  readonly says: string;
}

interface Common {
  /** What the host feeds to each input, and where that was learnt. */
  readonly roles: readonly RoleRecord[];
  readonly sizes: Sizes;
  readonly preconditions: readonly Used[];
  /** Largest |score| and |row maximum| under which P8 is sure to hold; absent when P8 is not used. */
  readonly gapBound?: number;
  /** How often each rule fired. */
  readonly rules: Readonly<Record<string, number>>;
  /** What random evaluation over prime fields says: evidence, never part of a proof. Absent where the graphs are large. */
  readonly secondOpinion?: readonly SecondOpinion[];
  readonly milliseconds: number;
}

/** Block and steps are equal, under the preconditions. */
export interface Proven extends Common {
  readonly verdict: "PROVEN";
  readonly level: Mode;
  readonly corollaries: readonly Corollary[];
  /** Whether the claim holds for any number of cache rows, not only for that of the graphs. */
  readonly anyCacheSize: boolean;
  /** Inputs on which both graphs were run, and the first that keeps the preconditions; absent where the graphs are too large. */
  readonly attacked?: Attacked;
  /** Why it is not exact. */
  readonly notExact?: Finding;
}

/** An input that keeps the preconditions tells them apart. */
export interface Refuted extends Common {
  readonly verdict: "REFUTED";
  readonly finding: Finding;
  readonly counterexample: Counterexample;
}

/** Neither. */
export interface NotProven extends Common {
  readonly verdict: "NOT PROVEN";
  readonly finding: Finding;
  /** What was tried to find a difference. */
  readonly searched: string;
}

/** What `prove` says of a pair. */
export type Verdict = Proven | Refuted | NotProven;
