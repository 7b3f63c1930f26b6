/** Of which chips the engine's arithmetic is on record, and how it got there. */

/** A chip, and what its record rests on. */
export interface ArithmeticChip {
  readonly name: string;
  readonly evidence: "measured" | "consistent";
  /** For people: a clause that can follow "the engine's arithmetic". */
  readonly says: string;
}

/** Where the arithmetic was measured. */
export const ARITHMETIC_SOURCE = "751K/Apple-Neural-Engine-Microarchitecture-Study-M6, its notes on numerics";

const measured = (name: string): ArithmeticChip => ({
  name,
  evidence: "measured",
  says: `as measured on ${name.toUpperCase()} with macOS 27.0.1 (${ARITHMETIC_SOURCE})`,
});

/** By the names that `--arithmetic engine:` takes. */
export const ARITHMETIC_CHIPS: ReadonlyMap<string, ArithmeticChip> = new Map(
  [
    measured("m4"),
    measured("m6"),
    {
      name: "m5",
      evidence: "consistent" as const,
      says: "as measured on M4 and M6 with macOS 27.0.1; what is recorded of M5 Pro (cadamcat/llms-on-apple-neural-engine, attention products) is consistent with it, and no more is known",
    },
  ].map((chip) => [chip.name, chip]),
);
