/** What `graphc ranges` says of every value of the graph that is shown, for every input. */
import type { Bounded } from "../../view/overlays/bounds.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";
import { BOUND_OPTIONS } from "../options/ranges-options.ts";
import { graphBounds } from "../ranges/author/author.ts";
import { givenWords } from "../ranges/author/text.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";

/** Bounds for the overlay of numbers. */
export const RANGES_OPTIONS = {
  ranges: {
    kind: "flag",
    help: "also bound every value for every input, from the weights alone, as graphc ranges does",
  },
  bound: { ...BOUND_OPTIONS.bound, for: ["model", "checkpoint", "graph", "package"], with: ["ranges"] },
} as const satisfies Options;

/** Undefined where nobody asks. @throws UserError, GraphError for what cannot be bounded */
export async function boundedValues(opened: OpenPair, args: Args, io: Io): Promise<Bounded | undefined> {
  if (!args.flag("ranges")) return undefined;
  const { pair, given, bounds } = await graphBounds(opened, args, io);
  return { graph: pair.block, bounds, given: givenWords(given) };
}
