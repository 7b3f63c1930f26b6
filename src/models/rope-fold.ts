/** RoPE's attention factor (LongRoPE, YaRN) moved from the host's tables into the package, for hosts that feed plain cos and sin. */

import { UserError } from "../dsl/user-error.ts";
import type { RowScale } from "../dsl/weight-source.ts";
import { type Decoder, kindOf } from "./decoder.ts";
import { attentionFactorOf } from "./frequencies.ts";

/** Where the factor is: in the rows of q and k, in an op on the tables, or in the tables as Hugging Face has it. */
export type RopeFactorPlace = "weights" | "graph" | "host";

/**
 * The same model for a host that feeds tables without the factor: cos and sin are linear in it, and so are turned queries and keys.
 * @throws UserError where it cannot be folded: a norm behind the projection would take it away again
 */
export function foldRopeFactor(decoder: Decoder, into: RopeFactorPlace): Decoder {
  const { rope } = decoder;
  if (into === "host" || !("attentionFactor" in rope) || rope.attentionFactor === 1) return decoder;
  const factor = rope.attentionFactor;
  if (decoder.local?.table && attentionFactorOf(decoder.local.table) !== 1)
    throw new UserError("local layers have an attention factor of their own, which graphc does not fold");
  if (into === "weights" && decoder.qkNorm !== "none")
    throw new UserError(
      `the attention factor ${factor} cannot be folded into the weights of ${decoder.architecture}: queries and keys are normed behind them`,
      "fold it into the graph (--rope-factor graph)",
    );
  return { ...decoder, rope: { ...rope, attentionFactor: 1 }, ropeFold: { factor, into } };
}

/** The rows of a layer's q and k, which stand in one matrix with v below them, that the factor is folded into. */
export function foldedRows(decoder: Decoder, layer: number): RowScale | undefined {
  const { ropeFold: fold, heads, kvHeads, headDim, rotaryDims } = decoder;
  if (fold?.into !== "weights" || !kindOf(decoder, layer).turned) return undefined;
  return { factor: fold.factor, period: headDim, count: rotaryDims, below: (heads + kvHeads) * headDim };
}
