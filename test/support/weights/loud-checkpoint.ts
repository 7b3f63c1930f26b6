/** Checkpoints whose first layer may be beyond every limit for rows that its embedding has not got. */
import { readDecoder } from "../../../src/models/config-read.ts";
import { modelTensors } from "../../../src/models/config-tensors.ts";
import { tensorName } from "../../../src/models/tensor-names.ts";
import { SMALL_CONFIGS } from "../graphs/decoders.ts";
import { smallCheckpoint } from "./small-checkpoint.ts";

const [WIDTH, FFN, TOKENS, CHANNEL] = [12, 10, 16, 3];
/** What each projection's large row is; a key's is of another pair of dims than a query's. */
const ROWS = { q: 0, k: 1, v: 2, gate: 4, up: 5 } as const;

type Part = keyof typeof ROWS;
/** Of all but the tokens from `quiet` on, the channel is next to 0. */
interface Loud {
  readonly parts?: readonly Part[];
  readonly quiet?: number;
  /** Of its configuration. */
  readonly more?: object;
}

/** Layer 0 of that architecture has large weights in a row of q, k, v, gate and up, at one channel. */
export function loudCheckpoint(
  architecture: string,
  { parts = Object.keys(ROWS) as Part[], quiet = TOKENS, more = {} }: Loud = {},
): string {
  const config = { ...SMALL_CONFIGS.get(architecture)!, ...more };
  const { decoder } = readDecoder(config, "config.json");
  const { heads, kvHeads, headDim, hiddenSize, ffnSize, vocab } = decoder;
  if (hiddenSize !== WIDTH || ffnSize !== FFN || vocab !== TOKENS)
    throw new Error("small decoders have other sizes now");
  const begin = { q: 0, k: heads * headDim, v: (heads + kvHeads) * headDim, gate: 0, up: FFN };
  const fused = decoder.stored.qkv === "fused";
  const at = (part: Part) => (ROWS[part] + (fused ? begin[part] : 0)) * WIDTH + CHANNEL;
  const all = (columns: number, value: number) =>
    Object.fromEntries(Array.from({ length: columns }, (_, k) => [CHANNEL * columns + k, value]));
  const layer = "model.layers.0";
  const gain = { [CHANNEL]: decoder.gain === "factor" ? 1 : 0 };
  const put: Record<string, Record<number, number>> = {
    [tensorName(decoder, 0, "attn_norm")]: gain,
    [tensorName(decoder, 0, "mlp_norm")]: gain,
    "model.embed_tokens.weight": Object.fromEntries(
      Array.from({ length: TOKENS }, (_, token) => [token * WIDTH + CHANNEL, token < quiet ? 0.001 : 2]),
    ),
    // What attention adds leaves the channel as it is.
    [`${layer}.self_attn.o_proj.weight`]: all(heads * headDim, 0),
    [`${layer}.self_attn.o_proj.bias`]: { [CHANNEL]: 0 },
  };
  for (const part of parts) {
    const block = part === "gate" || part === "up" ? "mlp" : "self_attn";
    const whole = block === "mlp" ? "gate_up" : "qkv";
    const name = `${layer}.${block}.${fused ? whole : part}_proj.weight`;
    put[name] = { ...put[name], [at(part)]: 50_000 };
  }
  const names = new Set(modelTensors(decoder).map(({ name }) => name));
  return smallCheckpoint(config, Object.fromEntries(Object.entries(put).filter(([name]) => names.has(name))));
}
