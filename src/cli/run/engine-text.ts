/** What is printed of a run on the engine's arithmetic. */
import type { ArithmeticChip } from "../../passes/engine/chips.ts";
import type { TokenDistance } from "../../passes/parity/token-distance.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { EngineRecord, EngineValue, ScaleBehind } from "./engine.ts";

/** JSON has no infinities: they are spelled as JavaScript does. */
export const spelledInfinities = (_: string, x: unknown): unknown =>
  typeof x === "number" && !Number.isFinite(x) ? `${x}` : x;

/** Whose arithmetic it is, and on what evidence. */
export const arithmeticLine = ({ says }: ArithmeticChip): string => wrapLine(`the engine's arithmetic, ${says}`);

/** Which values are known, what became of the products, and the distance from fp16. */
export function engineLines(record: EngineRecord): readonly string[] {
  const { chip, values, distance, bounds, scaleBehind } = record;
  return [
    arithmeticLine(chip),
    ...knownLines(values),
    ...productLines(values),
    ...(bounds ? boundsLines(bounds) : []),
    table(["from fp16", "token", "largest", "relative"], distance.map(distanceRow)),
    ...(scaleBehind ? behindLines(scaleBehind) : []),
  ];
}

function behindLines({ distance, overflowed, mayOverflow }: ScaleBehind): readonly string[] {
  return [
    wrapLine(
      `scales of int8 weights were multiplied in before the sums; whether a device does it behind them is not on record: then ${overflowed} sums of unscaled codes stick at infinity, ${mayOverflow} may in another order, and outputs differ by`,
    ),
    table(["scale behind", "token", "largest", "relative"], distance.map(distanceRow)),
  ];
}

const figure = (x: number): string => (x === 0 ? "0" : x.toExponential(2));

const distanceRow = ({ output, token, largest, relative }: TokenDistance): readonly string[] => [
  output,
  token === null ? "all" : `${token}`,
  figure(largest),
  figure(relative),
];

const LEVELS = {
  exact: "the engine's bits are known",
  bounded: "its points are an estimate, with bounds",
  open: "an estimate without bounds",
} as const;

function knownLines(values: readonly EngineValue[]): readonly string[] {
  const counts = Object.entries(LEVELS).map(([level, says]) => {
    const n = values.filter(({ known }) => known === level).length;
    return `${n} of ${values.length} values ${level}${n > 0 ? ` (${says})` : ""}`;
  });
  const reasons = new Map<string, string[]>();
  for (const { why, value } of values) if (why !== undefined) reasons.set(why, [...(reasons.get(why) ?? []), value]);
  const told = [...reasons].map(([why, [first, ...others]]) =>
    wrapLine(`  from ${first}${others.length > 0 ? ` and ${others.length} more` : ""} on: ${why}`),
  );
  return [wrapLine(counts.join("; ")), ...told];
}

/** Values of which products vanished, or sums passed the limit or may. */
function productLines(values: readonly EngineValue[]): readonly string[] {
  const met = values.filter((v) => v.lost + v.overflowed + v.mayOverflow > 0);
  if (values.every((v) => v.products === 0)) return ["no op of the graph multiplies and adds"];
  if (met.length === 0)
    return ["no product of this run vanished, and none of its sums passes the accumulator's limit in any order"];
  const share = ({ lost, products }: EngineValue) => `${((100 * lost) / products).toFixed(2)} %`;
  const rows = met.map((v) => [v.value, v.op, `${v.lost}`, share(v), `${v.overflowed}`, `${v.mayOverflow}`]);
  return [table(["products of", "op", "vanished", "share", "sums stuck at infinity", "may be in another order"], rows)];
}

function boundsLines(bounds: NonNullable<EngineRecord["bounds"]>): readonly string[] {
  return Object.entries(bounds).map(([name, { low, high }]) => {
    const widest = low.reduce((most, x, k) => Math.max(most, x === high[k] ? 0 : high[k]! - x), 0);
    if (widest === 0) return `bounds of ${name}: none are needed, its bits are known`;
    const open = low.filter((x, k) => x !== high[k] && !Number.isFinite(high[k]! - x)).length;
    if (open > 0) return `bounds of ${name}: ${open} of ${low.length} elements have none`;
    return `bounds of ${name}: at most ${figure(widest)} apart (all of them with --json)`;
  });
}
