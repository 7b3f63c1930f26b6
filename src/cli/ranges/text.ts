/** What `graphc ranges` prints. */
import { broken, type LayerBounds, QUANTITIES, type Quantity } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS } from "../../passes/ranges/limits.ts";
import { table } from "../table.ts";
import { wrapLine } from "../wrap.ts";

/** A layer, and what its numbers cannot be above. */
export interface BoundedLayer {
  readonly layer: number;
  readonly found: LayerBounds;
}

const NAMES = Object.keys(QUANTITIES) as readonly Quantity[];

const figure = (x: number): string => (x >= 1e6 ? x.toExponential(1) : x.toFixed(0));

/** The largest element of the hidden row before the layer with which nothing behind it overflows; below 0 there is none. */
export const inputUpTo = ({ added }: LayerBounds): number => LIMITS.fp16 - added;

/** A line a layer, then those that break a limit, then what holds. */
export function rangesText(name: string, layers: readonly BoundedLayer[]): string {
  const rows = layers.map(({ layer, found }) => [
    `${layer}`,
    ...NAMES.map((quantity) => figure(found.bounds[quantity].value)),
    figure(found.added),
    broken(found) ?? "holds",
  ]);
  const failed = layers.filter(({ found }) => broken(found) !== undefined);
  return [
    `${name}: bounds for every input, from the fp16 weights alone`,
    ...GIVEN.map((given) => wrapLine(`  given that ${given}: how the engine adds these sums is not on record`)),
    table(["layer", ...NAMES, "adds", ""], rows),
    ...failed.map(brokenText),
    ...verdict(layers, failed),
  ].join("\n");
}

function brokenText({ layer, found }: BoundedLayer): string {
  const quantity = broken(found)!;
  const { value, at } = found.bounds[quantity];
  const limit = `${QUANTITIES[quantity]} ${LIMITS[QUANTITIES[quantity]]}`;
  const units = found.units
    .filter(({ share }) => share >= 0.01)
    .map(({ unit, share }) => `${unit} (${(100 * share).toFixed(0)} %)`);
  const made = quantity === "down" && units.length > 0 ? `; of units ${units.join(", ")}` : "";
  const reached =
    quantity === "down" && found.reached !== undefined
      ? `; a normed row reaches ${figure(found.reached)}, so that no better bound can hold`
      : "; no input was found that reaches it";
  return wrapLine(
    `  NO: layer ${layer}: ${quantity} may be ${figure(value)}, above ${limit}, at ${at}${made}${reached}`,
  );
}

function verdict(layers: readonly BoundedLayer[], failed: readonly BoundedLayer[]): readonly string[] {
  const holding = layers.filter((one) => !failed.includes(one));
  const names = failed.map(({ layer }) => layer).join(", ");
  const sum = layers.reduce((total, { found }) => total + found.added, 0);
  const least = Math.min(...holding.map(({ found }) => inputUpTo(found)));
  return [
    wrapLine(
      `${holding.length} of ${layers.length} layers hold every limit for every input, given the above${failed.length > 0 ? `; not ${names}` : ""}`,
    ),
    ...(holding.length > 0
      ? [
          wrapLine(
            `ORDER-FREE (engine) for these, given the same: no sum of products can reach ${LIMITS.accumulator} in any order, so that order and T change no bit of it (accumulator as on M4 and M6)`,
          ),
          wrapLine(`  while no element of the hidden row is above ${figure(least)} (fp16 ends at ${LIMITS.fp16})`),
        ]
      : []),
    wrapLine(
      `  all layers together add ${figure(sum)} at most${sum < LIMITS.fp16 ? "" : ": fp16 holds that only with a scale"}`,
    ),
  ];
}
