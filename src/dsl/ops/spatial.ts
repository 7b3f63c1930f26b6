/** What convolutions and pools ask of their spatial axes. */
import type { TensorType } from "../type.ts";

/** The default of a list with so many equal numbers for each spatial axis of x. */
export const perSpatialAxis = (count: number, value: number) => (infos: Readonly<Record<string, unknown>>) =>
  new Array<number>(Math.max(0, ((infos.x as TensorType).shape.length - 2) * count)).fill(value);

/** Lists of numbers by the name of their attribute, each with how many numbers it must have. */
export type SpatialLists = readonly (readonly [key: string, list: readonly number[], count: number])[];

/** What is wrong with the rank of x, the padding, or with lists of numbers that are 1 or more. */
export function wrongSpatial(
  rank: number,
  { pad, pad_type }: { readonly pad: readonly number[]; readonly pad_type: string },
  lists: SpatialLists,
): string | undefined {
  if (rank < 3 || rank > 5) return `x must have rank 3 to 5, not ${rank}`;
  for (const [key, list, count] of [...lists, ["pad", pad, 2 * (rank - 2)] as const]) {
    if (list.length !== count) return `${key} has ${list.length} numbers; ${count} are needed`;
    if (list.some((n) => n < (key === "pad" ? 0 : 1))) return `${key} [${list.join(",")}] is out of range`;
  }
  return pad_type !== "custom" && pad.some((n) => n !== 0)
    ? `pad is used only with pad_type custom, not ${pad_type}`
    : undefined;
}
