/** What kinds of rows a recording feeds beside the usual ones, and how large each may be. */

import type { Twins } from "../../../dsl/host/twins.ts";
import type { Roles } from "../../../dsl/role.ts";
import { isFloat } from "../../../dsl/type.ts";
import type { Source } from "../feeds.ts";
import type { Abilities, Draw, PlannedCall } from "../sequence.ts";

/** The kinds that need a factor of their own. */
export type SpecialKind = Exclude<Draw["kind"], "usual">;

/**
 * The factors that are tried, the first that is borne is taken. `outliers`: some channels that much above the others; 600 to 3000 is told of trained
 * models. `large`: fp16 ends at 65504, and 16384 · √3 is 28378. `small`: 2⁻¹⁵ · √3 is 5.3e-5, where fp16's normal numbers begin at 6.1e-5.
 */
export const FACTORS: Readonly<Record<SpecialKind, readonly number[]>> = {
  outliers: [1024, 256, 64, 16],
  large: [16384, 4096, 1024, 256, 64, 16, 4],
  small: [2 ** -15, 2 ** -12, 2 ** -9],
};

/** In this order. */
export const SPECIAL_KINDS = ["outliers", "large", "small"] as const satisfies readonly SpecialKind[];

const LABELS: Readonly<Record<SpecialKind, string>> = {
  outliers: "outlier channels",
  large: "large rows",
  small: "small rows",
};

/** What a call of this kind is called. */
export const labelOf = (kind: SpecialKind, factor: number): string =>
  `${LABELS[kind]}, ${factor < 1 ? `1/${1 / factor}` : `${factor} times`}`;

/**
 * Dead columns before live ones, of usual rows: undefined where the host cannot ask for it. None of its tokens is kept, so that the calls after it stand
 * as they are and write over its rows.
 */
export function deadBeforeLive(last: PlannedCall, can: Abilities): PlannedCall | undefined {
  const { rows } = last;
  if (!can.padded || rows.length < 2) return undefined;
  const placed = rows.map((_, t) => (t % 2 === 1 ? rows[(t - 1) / 2] : undefined));
  return { label: "dead columns before live ones", rows: placed, accepted: 0 };
}

/** The block of this kind, at the rows of the call that will write over them. */
export const specialCall = ({ rows }: PlannedCall, kind: SpecialKind, factor: number): PlannedCall => ({
  label: labelOf(kind, factor),
  rows,
  accepted: 0,
  draw: { kind, factor },
});

/** Whether there is a row to be drawn otherwise, and tokens can be rejected, for no row of these kinds is kept. */
export const canDraw = ({ block, roles }: Twins, can: Abilities): boolean =>
  can.rejecting && block.inputs.some(({ name = "", type }) => isFloat(type.dtype) && isPlainRow(roles, name));

const isPlainRow = (roles: Roles, name: string): boolean => {
  const role = roles.get(name);
  return role?.kind === "rows" && !role.rope;
};

/** What the rows of a call are drawn from. */
export function sourceOf(source: Source, { kind, factor }: Draw = { kind: "usual", factor: 1 }): Source {
  if (kind === "usual") return source;
  return kind === "outliers" ? { ...source, outliers: factor } : { ...source, scale: factor };
}
