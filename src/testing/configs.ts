/** An arbitrary of small models, as config.json tells them. */
import fc from "fast-check";
import { shown } from "../dsl/given/values.ts";
import { UserError } from "../dsl/user-error.ts";
import { READERS } from "../models/architectures/index.ts";

/** Of a config.json, by the names of Hugging Face. */
export type SmallConfig = Readonly<Record<string, unknown>>;

/** Sizes that coincide often, so that a swap of two of them is not seen by its shape alone. */
const sizes = fc
  .record({
    kvHeads: fc.constantFrom(1, 2),
    group: fc.constantFrom(1, 2, 3),
    pairs: fc.constantFrom(1, 2, 3),
    hidden_size: fc.constantFrom(4, 6, 12),
    intermediate_size: fc.constantFrom(2, 4, 6),
    num_hidden_layers: fc.constantFrom(1, 2),
  })
  .map(({ kvHeads, group, pairs, ...rest }) => ({
    ...rest,
    num_attention_heads: kvHeads * group,
    num_key_value_heads: kvHeads,
    head_dim: 2 * pairs,
    vocab_size: 16,
    max_position_embeddings: 64,
  }));

const conventions = fc.record({
  rms_norm_eps: fc.constantFrom(1e-6, 1e-5),
  rope_theta: fc.constantFrom(100, 10_000),
});

/**
 * The config.json of a small model of one of the architectures that graphc reads (all of them when absent; `model_type` is its name), with few
 * heads, dims and layers: what a model function receives as `config`, and `readDecoder` understands. Shrinks to the first architecture and the
 * smallest sizes. @throws UserError for an architecture that is not read, or none at all
 */
export function smallConfigs(architectures: readonly string[] = [...READERS.keys()]): fc.Arbitrary<SmallConfig> {
  const known = [...READERS.keys()];
  if (!Array.isArray(architectures) || architectures.length === 0)
    throw new UserError(
      `architectures must be a list of some, not ${shown(architectures)}`,
      `they are ${known.join(", ")}`,
    );
  const stray = architectures.find((name) => !READERS.has(name));
  if (stray !== undefined)
    throw new UserError(`graphc reads no architecture ${shown(stray)}`, `it reads ${known.join(", ")}`);
  const model_type = fc.constantFrom<string>(...architectures);
  return fc.record({ model_type, sizes, conventions }).map(({ sizes: some, conventions: more, ...rest }) => ({
    ...rest,
    ...some,
    ...more,
  }));
}
