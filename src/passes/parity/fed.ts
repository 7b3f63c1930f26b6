/** What a call was fed, as far as it is told beside a verdict. */
import { tellsSlots } from "../../dsl/host/slots.ts";
import type { Twins } from "../../dsl/host/twins.ts";
import { isFloat, isInteger } from "../../dsl/type.ts";
import { type Feed, type Source, sees, type Values } from "./feeds.ts";

/** What a call was fed. */
export interface Fed {
  readonly seed: number;
  /** Largest |x| of its floats that are rows, those of RoPE aside, or shared. */
  readonly largest: number;
  /** Cache rows that its live tokens were shown, by token; empty where no mask shows any. */
  readonly seen: readonly number[];
  /** How many committed rows were shut from its live tokens, all of them together. */
  readonly oldShut: number;
}

/** Of a call of the block, whose inputs are these. */
export function fedBy({ roles, source }: Twins & { readonly source: Source }, inputs: Values, call: Feed): Fed {
  const drawn = [...roles].filter(([, role]) => (role.kind === "rows" && !role.rope) || role.kind === "shared");
  const floats = drawn.map(([name]) => inputs[name]).filter((x) => x !== undefined && isFloat(x.dtype));
  const largest = floats.reduce((most, x) => x!.data.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0);
  const masked = [...roles.values()].some((role) => role.kind === "mask" && tellsSlots(role));
  const live = masked ? call.rows.flatMap((row, token) => (row === undefined ? [] : [token])) : [];
  const slots = Array.from({ length: source.maxSeq }, (_, slot) => slot);
  const shown = live.map((token) => slots.filter((slot) => sees(source, call, token, slot)));
  const shut = live.map((token) => [...call.committed].filter((slot) => !sees(source, call, token, slot)));
  return {
    seed: source.seed,
    largest,
    seen: shown.map((rows) => rows.length),
    oldShut: shut.reduce((n, rows) => n + rows.length, 0),
  };
}

/** The inputs that could hold any whole number and are fed 0 and 1, which every table and count bears. */
export const fedZeroOrOne = ({ block, roles }: Twins): readonly string[] =>
  block.inputs.flatMap(({ name = "", type }) => {
    const kind = roles.get(name)?.kind;
    return isInteger(type.dtype) && (kind === "rows" || kind === "shared") ? [name] : [];
  });
