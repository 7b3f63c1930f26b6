/** One decoder layer: attention and a gated feed-forward, normed and added to the hidden row as the record says. */
import { add, mul } from "../../dsl/ops/index.ts";
import { exponentsOf, residualOf } from "../exponents.ts";
import { attentionBlock, type LayerCache } from "./attention.ts";
import { feedForward } from "./feed-forward.ts";
import { type LayerParts, norm, type Value } from "./parts.ts";

interface Layer {
  readonly hidden: Value;
  readonly caches: readonly LayerCache[];
}

/** The layer on hidden rows x [1, d, T, 1]. */
export function decoderLayer(x: Value, parts: LayerParts): Layer {
  const { name } = parts;
  const { output, caches } = attentionBlock(x, parts);
  const h = name("attn.residual", add(x, added(output, "attn", parts)));
  return { hidden: name("out", add(h, added(feedForward(h, parts), "mlp", parts))), caches };
}

/** What a block adds to the row, at its exponent: its output, normed once more and scaled where the record says so. */
function added(output: Value, block: "attn" | "mlp", parts: LayerParts): Value {
  const { decoder, layer, name } = parts;
  const [held, row] = [exponentsOf(decoder, layer)[block], residualOf(decoder)];
  const normed = decoder.postNorms
    ? name(`${block}.post_norm`, norm(output, `${block}_post_norm`, parts, { held, gain: row }))
    : output;
  const factor = decoder.residualMultiplier * (decoder.postNorms ? 1 : 2 ** (held - row));
  return factor === 1 ? normed : mul(normed, factor);
}
