/** What a command prints of a verdict: a few lines, or all of it with `--explain`. */
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { ALL_COUNTS, type LeftOut } from "../interface/outputs.ts";
import type { Args } from "../options/command.ts";
import { briefSides } from "./brief.ts";
import { printSides } from "./prove-text.ts";
import { blockAndSteps, type Sides } from "./sides.ts";

/** A verdict about two graphs, in words about what they are called. */
export const tellSides = (verdict: Verdict, sides: Sides, args: Pick<Args, "flag">): string =>
  (args.flag("explain") ? printSides : briefSides)(verdict, sides);

/** A verdict about a block and steps. */
export const tellVerdict = (verdict: Verdict, args: Pick<Args, "flag">, leftOut: LeftOut = ALL_COUNTS): string =>
  tellSides(verdict, blockAndSteps(verdict.sizes.tokens, leftOut), args);
