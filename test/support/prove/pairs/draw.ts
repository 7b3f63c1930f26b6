/** What a random pair is drawn from: a list of instructions, built once as a function of T, and one edit of it. */
import fc from "fast-check";

/** Small whole numbers that a family reads as an op, its operands and its constant or attribute. */
export interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly k: number;
}

/** Where the two graphs part, if they do. */
export interface Edit {
  readonly where: "none" | "block" | "step" | "both";
  /** The instruction, counted around. */
  readonly at: number;
  readonly field: "op" | "a" | "b" | "k" | "drop" | "swap" | "turn" | "spell";
  readonly by: number;
}

export interface PairDraw {
  readonly family: string;
  /** T, cache rows, and sizes of other axes. */
  readonly tokens: number;
  readonly slots: number;
  readonly sizes: readonly [number, number];
  /** Of the names of leaves: 0 for plain ones. */
  readonly names: number;
  /** What a family decides before its instructions. */
  readonly knobs: readonly number[];
  readonly code: readonly Instruction[];
  readonly edit: Edit;
  readonly seed: number;
}

const small = fc.nat({ max: 63 });

const instruction: fc.Arbitrary<Instruction> = fc.record({ op: small, a: small, b: small, k: small });

const edit: fc.Arbitrary<Edit> = fc.record({
  where: fc.constantFrom("none", "block", "step", "both"),
  at: small,
  field: fc.constantFrom("op", "a", "b", "k", "drop", "swap", "turn", "spell", "spell"),
  by: fc.integer({ min: 1, max: 7 }),
});

/** Draws of one family. */
export const drawsOf = (family: string): fc.Arbitrary<PairDraw> =>
  fc.record({
    family: fc.constant(family),
    tokens: fc.constantFrom(2, 3, 4, 1),
    slots: fc.integer({ min: 4, max: 6 }),
    sizes: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
    names: family === "names" ? fc.integer({ min: 1, max: 1000 }) : fc.constant(0),
    knobs: fc.array(small, { minLength: 8, maxLength: 8 }),
    code: fc.array(instruction, { minLength: 1, maxLength: 7 }),
    edit,
    seed: fc.nat({ max: 1e6 }),
  });

/** An instruction of one side; `turned`: with its result's tokens in the opposite order. */
export interface Edited extends Instruction {
  readonly swapped?: true;
  readonly turned?: true;
  /** With its result in another spelling, which may be another value. */
  readonly spelled?: number;
}

/** The instructions of one graph of the pair. */
export function codeOf({ code, edit }: PairDraw, side: "block" | "step"): readonly Edited[] {
  if (edit.where !== "both" && edit.where !== side) return code;
  const at = edit.at % code.length;
  const old = code[at]!;
  switch (edit.field) {
    case "drop":
      return code.toSpliced(at, 1);
    case "swap":
      return code.with(at, { ...old, swapped: true } as Edited);
    case "turn":
      return code.with(at, { ...old, turned: true } as Edited);
    case "spell":
      return code.with(at, { ...old, spelled: 7 * edit.by + (edit.at >> 2) } as Edited);
    default:
      return code.with(at, { ...old, [edit.field]: old[edit.field] + edit.by });
  }
}

/** Whether both graphs are one function of T. */
export const isOneFunction = ({ edit, tokens }: PairDraw): boolean =>
  tokens === 1
    ? edit.where === "none" || edit.where === "both" || edit.field === "turn"
    : edit.where === "none" || (edit.where === "both" && edit.field !== "turn");
