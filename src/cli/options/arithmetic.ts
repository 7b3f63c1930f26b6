/** The option `--arithmetic`: runs on the Neural Engine's arithmetic, as far as it is on record of a chip. */
import { UserError } from "../../dsl/user-error.ts";
import { ARITHMETIC_CHIPS, type ArithmeticChip } from "../../passes/engine/chips.ts";
import type { Args } from "./command.ts";

const NAMES = [...ARITHMETIC_CHIPS.keys()].join(", ");

/** Of commands that run graphs. */
export const ARITHMETIC_OPTION = {
  kind: "form",
  value: "engine[:CHIP]",
  form: /^engine(:[a-z0-9]+)?$/,
  like: "engine or engine:m4",
  help: `run as the Neural Engine computes, on record of ${NAMES} (docs/engine-arithmetic.md)`,
} as const;

/** The chip whose arithmetic was asked for, M4's where none is named; undefined for the reference's. @throws UserError */
export function requestedChip(args: Args): ArithmeticChip | undefined {
  const text = args.text("arithmetic");
  if (text === undefined) return undefined;
  const name = text.split(":")[1] ?? "m4";
  const chip = ARITHMETIC_CHIPS.get(name);
  if (!chip) throw new UserError(`the arithmetic of ${name}'s engine is not on record`, `it is of ${NAMES}`);
  return chip;
}
