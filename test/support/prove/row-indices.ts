/** Indices by short names: rows of tokens and their neighbours, any other row, numbers, variables. */
import * as ix from "../../../src/passes/prove/logic/indices.ts";
import { tokenRow } from "../../../src/passes/prove/reading/token-row.ts";
import type { Context } from "../../../src/passes/prove/rules/context.ts";
import { attemptOf } from "./told.ts";

export const scattered = (): Context => attemptOf();
export const contiguous = (): Context => attemptOf({ contiguous: true });

/** `w1+2`, `u` for any other row, `v-1`, `3`. */
export function indexOf(c: Context, text: string): ix.Ix {
  const s = c.store.indices;
  const [, name, offset = "0"] = /^(.*?)([+-]\d+)?$/.exec(text)!;
  const base = (): ix.Ix => {
    switch (name) {
      case "w0":
      case "w1":
        return tokenRow(c, Number(name.at(1)));
      case "2w0":
        return ix.times(s, tokenRow(c, 0), 2);
      case "w0w1":
        return ix.plus(s, ix.row(s, 0, 4), ix.row(s, 1, 4));
      case "w0n":
        return ix.plus(s, tokenRow(c, 0), ix.variable(s, "n", 2));
      case "w0v":
        return ix.plus(s, tokenRow(c, 0), ix.variable(s, "v", 5));
      case "u":
        return ix.rest(s, "u", 5);
      case "other":
        return ix.rest(s, "other", 5);
      case "v":
        return ix.variable(s, "v", 5);
      case "t":
        return ix.variable(s, "t", 16);
      case "long":
        return ix.variable(s, "long", 17);
      case "v-t":
        return ix.minus(s, ix.variable(s, "v", 5), ix.variable(s, "t", 16));
      default:
        return ix.constant(s, Number(name));
    }
  };
  return ix.shift(s, base(), Number(offset));
}
