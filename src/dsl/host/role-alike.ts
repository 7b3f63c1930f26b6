/** That the authors of block and step declare one thing of an input that both have. */
import { GraphError } from "../error.ts";
import { MASK_NUMBERS, type RoleFacts } from "../role.ts";
import type { Tensor } from "../tensor.ts";

/** What a number is where nobody says it. */
const USUAL = { ...MASK_NUMBERS, offset: 0 } as const;

/** @throws GraphError when they contradict each other: one host feeds both */
export function checkAlike({ name, site }: Tensor, block: RoleFacts, step: RoleFacts): void {
  const told = (of: string, one: unknown, other: unknown): GraphError =>
    new GraphError(`input "${name}" is declared ${of}${one} in the block and ${of}${other} in the step`, site);
  if (block.kind !== step.kind) throw told("", block.kind, step.kind);
  for (const key of ["open", "closed", "offset"] as const) {
    const [one, other] = [block[key] ?? USUAL[key], step[key] ?? USUAL[key]];
    if (one !== other) throw told(key === "offset" ? "with an offset of " : `${key} at `, one, other);
  }
}
