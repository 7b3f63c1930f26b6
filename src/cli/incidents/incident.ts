/** What an incident of the field is: what happened, where it is told, and the command line that is held against it. */
import type { Graph } from "../../dsl/graph.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import type { SpecialKind } from "../../passes/parity/record/draws.ts";

/** Where an incident is told in public. */
export interface Source {
  readonly text: string;
  readonly url: string;
}

/** One incident. Either it is replayed, or it is said why no check on this machine can see it. */
export interface Incident {
  readonly id: string;
  /** What happened, in one line. */
  readonly happened: string;
  readonly sources: readonly Source[];
  readonly replay: Replay | NotReplayed;
}

/** Why there is no replay, by who could have seen it. */
export interface NotReplayed {
  /** `device`: only a run on a Mac. `host`: the code around the model. `outside`: no part of model or host. `none`: a check that graphc does not have. */
  readonly needs: "device" | "host" | "outside" | "none";
  readonly why: string;
}

/** A command line with the fault in it, and the same one with the fault mended. */
export interface Replay {
  /** The words of the command, `check` or another, for one of the two. */
  line(variant: Variant): readonly Word[];
  readonly caught: Caught;
  /** What the replay has in place of the thing itself, where that is not plain. */
  readonly standsFor?: string;
}

/** With the fault, or without. */
export type Variant = "faulty" | "mended";

/** A word of a command line: as it is, or something that is written into a folder, whose path stands there then. */
export type Word =
  | string
  | { readonly kind: "package"; readonly name: string; readonly graph: Graph }
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  | { readonly kind: "arrays"; readonly name: string; readonly arrays: Readonly<Record<string, RawArray>> }
  | { readonly kind: "checkpoint"; readonly name: string; readonly checkpoint: Checkpoint };

/** A checkpoint of generated numbers: every tensor that the configuration asks for, but for what is edited. */
export interface Checkpoint {
  readonly config: Readonly<Record<string, unknown>>;
  /** Shapes of tensors by name: null takes one out, others are put in, or in another shape. */
  readonly tensors?: Readonly<Record<string, readonly number[] | null>>;
  /** Tensors whose elements are all this number. */
  readonly filled?: Readonly<Record<string, number>>;
}

/** Which check must see the fault, and which answer of it counts as seeing it. Any other no is none. */
export type Caught =
  /** A rule of the engine or of packages, by its id: of `check` or `plan`. */
  | { readonly by: "rule"; readonly rule: string }
  /** The engine's refusal of an op, by its kind: of `check --target`. */
  | { readonly by: "placement"; readonly op: string; readonly refusal: string }
  /** REFUTED, with the first difference at this value: of `prove` or `equal`. The twin is PROVEN. */
  | { readonly by: "verdict"; readonly at: string }
  /** A consequence of the proof that is denied: of `prove`. Of the twin it is told. */
  | { readonly by: "consequence"; readonly name: string }
  /** A mistake in the input, whose sentence holds all of these texts. The twin's exit code is 0. */
  | { readonly by: "refusal"; readonly says: readonly string[] }
  /** A quantity that may be above its limit: of `ranges`. */
  | { readonly by: "range"; readonly quantity: string }
  /** Calls that a host makes, whose values stop being finite: of `parity`. Of the twin every call counts. */
  | { readonly by: "not finite" }
  /** What is counted of a value on the engine's arithmetic, or with scales behind the sums: of `run --arithmetic engine`. */
  | { readonly by: "engine"; readonly value: string; readonly counts: "overflowed" | "lost" | "behind" }
  /** Rows that the packages bear only up to a smaller factor than is tried first, or not at all: of `emit --fixtures`. Of the twin they are fed. */
  | { readonly by: "rows"; readonly kind: SpecialKind }
  /** An op that the engine can take and is not given, by the planner's costs: of `check --target`. Of the twin it is given. */
  | { readonly by: "place"; readonly op: string };
