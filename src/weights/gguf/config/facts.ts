/** What a configuration is made of, and what is added to it. */
import type { Shape } from "../../../dsl/type.ts";
import type { GgufValue } from "../header.ts";

/** A file's metadata and what its tensors tell. */
export interface GgufFacts {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** LongRoPE's divisors, where the file has them. */
  readonly longRope?: { readonly short: readonly number[]; readonly long: readonly number[] };
  /** Llama 3's divisors, where the file has them. */
  readonly divisors?: readonly number[];
}

/** Fields of config.json that no key of the file gives, and a sentence for each that nothing in the file tells. */
export interface Unsaid {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}
