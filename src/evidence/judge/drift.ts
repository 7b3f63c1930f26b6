/** Judges the drift of a chain of layers: only this device knows the numbers, so that it is asked whether they are possible, and no more. */
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import type { Drift } from "../format/ran.ts";
import { figuresProblem } from "./figures.ts";

/** The first thing that cannot be. `sizes`: how many elements a token's row of each output has. */
export function driftProblem(
  { outputs }: FixtureManifest,
  { output, input, depths }: Drift,
  sizes: ReadonlyMap<string, number>,
): string | undefined {
  const link = outputs.find(({ residual }) => typeof residual === "string");
  if (!link) return "a chain of layers was run, and no output of this build is its next input";
  if (output !== link.name || input !== link.residual) return `${output} cannot be fed back as ${input} in this build`;
  if (depths.length === 0) return "the chain has no layers";
  for (const [n, { depth, figures }] of depths.entries()) {
    const wrong = depth === n + 1 ? layerProblem(figures, n, depths.length, sizes.get(output)!) : `it is of ${depth}`;
    if (wrong !== undefined) return `layer ${n + 1} of the chain: ${wrong}`;
  }
  return undefined;
}

function layerProblem(
  figures: Drift["depths"][number]["figures"],
  n: number,
  depth: number,
  size: number,
): string | undefined {
  const ratios = (["relativeL2", "oneMinusCosine", "worstOverRms"] as const).map((name) => figures[name] ?? undefined);
  if (!figures.finite) {
    // Parity has seen one layer, whose rows are finite.
    if (n === 0) return "a single layer is not finite";
    if (n + 1 < depth) return "it is not finite, and the chain goes on";
    return ratios.some((ratio) => ratio !== undefined) ? "it is not finite and has figures" : undefined;
  }
  const bad = ratios.find((ratio) => !(ratio === "Infinity" || (typeof ratio === "number" && ratio >= 0)));
  if (ratios.includes(undefined) || bad !== undefined) return `its figures are ${ratios.join(", ")}`;
  return figuresProblem(figures, size);
}

/** What it came to, for people. */
export function driftText({ output, depths }: Drift): string {
  const last = depths.at(-1)!;
  const shown = ({ figures }: typeof last) => Number(figures.relativeL2).toExponential(1);
  const end = last.figures.finite ? `${shown(last)} after ${last.depth}` : `not finite after ${last.depth}`;
  return `the engine's ${output} is ${shown(depths[0]!)} from the CPU's after one layer, ${end}`;
}
