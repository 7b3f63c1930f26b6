/** What `graphc ranges` prints. */
import { counted } from "../../dsl/counted.ts";
import { broken, QUANTITIES, type Quantity } from "../../passes/ranges/layer.ts";
import { GIVEN, GIVEN_OF_SUMS, LIMITS } from "../../passes/ranges/limits.ts";
import { inputUpTo, type NetworkBounds } from "../../passes/ranges/network.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { Calibration } from "./calibration.ts";
import { type BoundedLayer, endBreaks, promptBreaks, type RangesReport } from "./report.ts";

const NAMES = Object.keys(QUANTITIES) as readonly Quantity[];

const figure = (x: number): string => (x >= 1e6 ? x.toExponential(1) : x.toFixed(0));

const UNRECORDED = ": how the engine adds these sums is not on record";

/** What bounds take for granted, a line each. */
export const givenLines = (): readonly string[] =>
  GIVEN.map((given) => wrapLine(`  given that ${given}${GIVEN_OF_SUMS.includes(given) ? UNRECORDED : ""}`));

/** A line a layer, what a prompt reached, then those that break a limit, then what holds. */
export function rangesText(name: string, { layers, network, calibrated }: RangesReport): string {
  const rows = layers.map(({ layer, found }) => [
    `${layer}`,
    ...NAMES.map((quantity) => figure(found.bounds[quantity].value)),
    figure(found.added),
    broken(found) ?? "holds",
  ]);
  const failed = layers.filter(({ found }) => broken(found) !== undefined);
  return [
    `${name}: bounds for every input, from the fp16 weights alone`,
    ...givenLines(),
    table(["layer", ...NAMES, "adds", ""], rows),
    ...(calibrated ? calibratedLines(calibrated) : []),
    ...failed.map((one) => brokenText(one, calibrated)),
    ...endLines(network),
    ...verdict(layers, failed, network),
  ].join("\n");
}

/** The same quantities as reached. */
function calibratedLines(calibrated: Calibration): readonly string[] {
  const { tokens, layers } = calibrated;
  const rows = layers.map(({ layer, reached, hidden }) => [
    `${layer}`,
    ...NAMES.map((quantity) => figure(reached[quantity])),
    figure(hidden),
  ]);
  const largest = Math.max(...layers.map(({ hidden }) => hidden));
  return [
    wrapLine(`reached on ${counted(tokens, "token")} of a prompt, in double precision; none above its bound`),
    table(["layer", ...NAMES, "hidden"], rows),
    ...(!promptBreaks(calibrated)
      ? []
      : [wrapLine(`  NO: the hidden row of the prompt reaches ${figure(largest)}, beyond fp16 (${LIMITS.fp16})`)]),
  ];
}

function brokenText({ layer, found }: BoundedLayer, calibrated: Calibration | undefined): string {
  const quantity = broken(found)!;
  const { value, at } = found.bounds[quantity];
  const most = LIMITS[QUANTITIES[quantity]];
  const units = found.units
    .filter(({ share }) => share >= 0.01)
    .map(({ unit, share }) => `${unit} (${(100 * share).toFixed(0)} %)`);
  const made = quantity === "down" && units.length > 0 ? `; of units ${units.join(", ")}` : "";
  const reached =
    quantity === "down" && found.reached !== undefined
      ? `; a normed row reaches ${figure(found.reached)}, so that no better bound can hold`
      : "; no input was found that reaches it";
  const own = calibrated?.layers.find((one) => one.layer === layer)?.reached[quantity];
  const beside =
    own === undefined ? "" : `; the prompt reaches ${figure(own)}, ${((100 * own) / most).toFixed(0)} % of the limit`;
  return wrapLine(
    `  NO: layer ${layer}: ${quantity} may be ${figure(value)}, above ${QUANTITIES[quantity]} ${most}, at ${at}${made}${reached}${beside}`,
  );
}

function endLines(network: NetworkBounds | undefined): readonly string[] {
  const breaks = endBreaks(network);
  if (!network || !breaks) return [];
  const { normed, logits } = network;
  const says = {
    normed: `the last norm: an element of its row may be ${figure(normed.value)}, above fp16 ${LIMITS.fp16}, at ${normed.at}`,
    logits: `the head: a logit's sum may be ${figure(logits?.value ?? 0)}, above accumulator ${LIMITS.accumulator}, at token ${logits?.at}`,
  };
  return [wrapLine(`  NO: ${says[breaks]}`)];
}

function verdict(
  layers: readonly BoundedLayer[],
  failed: readonly BoundedLayer[],
  network: NetworkBounds | undefined,
): readonly string[] {
  const holding = layers.filter((one) => !failed.includes(one));
  const names = failed.map(({ layer }) => layer).join(", ");
  const least = Math.min(...holding.map(({ found }) => inputUpTo([found])));
  return [
    wrapLine(
      `${holding.length} of ${layers.length} layers hold every limit for every input, given the above${failed.length > 0 ? `; not ${names}` : ""}`,
    ),
    ...(holding.length > 0
      ? [
          wrapLine(
            `ORDER-FREE (engine) for these, given the same: no sum of products can reach ${LIMITS.accumulator} in any order, so that order and T change no bit of it (accumulator as on M4 and M6)`,
          ),
          wrapLine(`  while no element of the hidden row is above ${Math.floor(least)} (fp16 ends at ${LIMITS.fp16})`),
        ]
      : []),
    ...(network ? networkLines(network) : []),
  ];
}

/** What follows for the hidden row behind any sequence of tokens. */
function networkLines({ embedded, hidden, overflowsAt, exponent, most, logits }: NetworkBounds): readonly string[] {
  const begun = `an embedded token is up to ${figure(embedded.value)} (token ${embedded.at})`;
  const held =
    overflowsAt === undefined
      ? "fp16 holds it for every token sequence"
      : `fp16 may no longer hold it behind layer ${overflowsAt}, and holds it times 2^-${exponent} for every token sequence`;
  return [
    wrapLine(
      `  ${begun}; with what all layers add, layer ${most} most, the hidden row is up to ${figure(hidden)}: ${held}`,
    ),
    ...(logits && logits.value < LIMITS.accumulator
      ? [wrapLine(`  the head's sums are up to ${figure(logits.value)} (token ${logits.at})`)]
      : []),
  ];
}
