/** Whether each option of a command line does something there: an option without use is refused, and not passed over. */
import { UserError } from "../../dsl/user-error.ts";
import { kindsText, type OperandKind } from "./operand-kind.ts";
import type { Option, Options } from "./option.ts";

/** Values by option, in their order; that of a flag is empty. */
export type Given = ReadonlyMap<string, readonly string[]>;

/** Holds the rest of the line against an option that has it for itself; options that `always` do something are not in its way. @throws UserError */
export function checkAlone(
  [name, { instead }]: readonly [name: string, Option],
  operands: readonly string[],
  given: Given,
  always: readonly string[],
): void {
  const { form, like } = instead!;
  const other = operands.find((operand) => !form.test(operand));
  if (other !== undefined) throw new UserError(`--${name} does nothing for ${other}`, `write nothing, or ${like}`);
  const beside = [...given.keys()].find((option) => option !== name && !always.includes(option));
  if (beside !== undefined) throw new UserError(`--${beside} does nothing beside --${name}`, "leave one of them out");
}

/** Every option that is given does something, for one of the operands and beside the other options. @throws UserError for one that does not */
export function checkUses(
  options: Options,
  operands: readonly (readonly [operand: string, kinds: readonly OperandKind[]])[],
  given: Given,
): void {
  // A word that names nothing is refused by whoever opens it.
  const known = operands.every(([, kinds]) => kinds.length > 0);
  const listed = (names: readonly string[], word: string) => names.map((name) => `--${name}`).join(` ${word} `);
  for (const [name, option] of Object.entries(options)) {
    if (!given.has(name)) continue;
    const { for: meant, with: beside, without } = option;
    if (meant && known && !operands.some(([, kinds]) => kinds.some((kind) => meant.includes(kind))))
      throw new UserError(
        `--${name} does nothing for ${operands.map(([operand]) => operand).join(" and ")}`,
        `it is for ${kindsText(meant)}`,
      );
    if (beside && !beside.some((other) => given.has(other)))
      throw new UserError(`--${name} does nothing without ${listed(beside, "or")}`);
    const rival = without?.find((other) => given.has(other));
    if (rival !== undefined) throw new UserError(`--${name} does nothing beside --${rival}`, "leave one of them out");
  }
}
