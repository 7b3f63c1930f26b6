/** A model's settings as fixtures carry them: the decoder's record, of which the host's rows are made again. */
import { createHash } from "node:crypto";
import { fields, list, type Of, oneOf, optional } from "../../files/json-shape.ts";
import type { Decoder } from "../../models/decoder.ts";
import { type AssumedList, withFactorList } from "../../models/rope-list.ts";

const ROPE = fields({
  type: oneOf("default", "linear", "divided", "llama3", "yarn", "longrope"),
  list: optional(oneOf("short", "long")),
  factor: optional("number"),
  lowFreqFactor: optional("number"),
  highFreqFactor: optional("number"),
  originalMaxPositions: optional("number"),
  betaFast: optional("number"),
  betaSlow: optional("number"),
  truncate: optional("boolean"),
  attentionFactor: optional("number"),
  divisors: optional(list("number")),
  shortFactor: optional(list("number")),
  longFactor: optional(list("number")),
});

/** What the host's rows are computed from; the record holds the whole decoder. */
export const SETTINGS = fields({
  architecture: "string",
  rotaryDims: "count",
  ropeTheta: "number",
  rope: ROPE,
  maxPositions: "count",
  slidingWindow: optional("count"),
  local: optional(fields({ slidingWindow: "count", table: optional(fields({ ropeTheta: "number", rope: ROPE })) })),
});

/** The record as it was read. */
export type Settings = Of<typeof SETTINGS>;

/** The record for layers whose rows are made with this list of LongRoPE's: the same whether the list was chosen or follows from max_seq. */
export const settingsOf = (decoder: Decoder, ropeList: AssumedList | undefined): Decoder =>
  ropeList ? withFactorList(decoder, ropeList.list) : decoder;

/** SHA-256 as hex of the record as JSON with sorted keys and no spaces. */
export const settingsDigest = (settings: Settings | Decoder): string =>
  createHash("sha256")
    .update(JSON.stringify(sorted(settings)))
    .digest("hex");

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, x]) => x !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, x]) => [key, sorted(x)]));
}
