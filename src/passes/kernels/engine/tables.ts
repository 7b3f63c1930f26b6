/** The engine's functions of one fp16, each computed once for all 65,536 of them. */

import { type EngineFunction, engineFunctions } from "../../engine/functions.ts";
import { decodedBits } from "../../engine/half-away.ts";
import type { Spread } from "../../engine/spread.ts";
import { halfBits } from "../code/runtime.ts";

/** Made when first asked for, since the fitted ones take a moment; what is in it depends on nothing. */
const made: { functions?: ReadonlyMap<string, EngineFunction>; readonly tables: Map<string, FunctionTable> } = {
  tables: new Map(),
};

/** The functions by the name of their op. */
export function functionsByOp(): ReadonlyMap<string, EngineFunction> {
  made.functions ??= engineFunctions();
  return made.functions;
}

/** How much of a result is known, beside 0 for all of its bits. */
export const [BOUNDED, OPEN] = [1, 2] as const;

/** By bits of the operand. */
export interface FunctionTable {
  /** Of the results. */
  readonly bits: Uint16Array;
  readonly levels: Uint8Array;
}

const levelOf = ({ point, low, high }: Spread): number => {
  if (Object.is(low, point) && Object.is(high, point)) return 0;
  return low === Number.NEGATIVE_INFINITY || high === Number.POSITIVE_INFINITY ? OPEN : BOUNDED;
};

/** The table of a function; `epsilon` is a fp16. */
export function functionTable(op: string, epsilon: number): FunctionTable {
  const key = `${op} ${epsilon}`;
  const known = made.tables.get(key);
  if (known) return known;
  const f = functionsByOp().get(op)!;
  const spreads = Array.from({ length: 65536 }, (_, bits) => f.at(decodedBits(bits), epsilon));
  const table: FunctionTable = {
    bits: Uint16Array.from(spreads, ({ point }) => halfBits(point)),
    levels: Uint8Array.from(spreads, levelOf),
  };
  made.tables.set(key, table);
  return table;
}
