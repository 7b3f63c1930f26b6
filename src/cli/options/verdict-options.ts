/** Options of commands that print a verdict or findings. */
import type { Options } from "./option.ts";

/** Of every command that prints a verdict. */
export const EXPLAIN_OPTION = {
  explain: {
    kind: "flag",
    help: "tell all of a verdict: conditions, roles, consequences, rules, terms",
    without: ["json"],
  },
} as const satisfies Options;

/** Of the commands whose answers have lines. */
export const FORMAT_OPTION = {
  format: {
    kind: "choice",
    values: ["text", "github"],
    help: "github: beside the text an annotation for each finding or error, as GitHub Actions reads them",
    default: "text",
    without: ["json"],
  },
} as const satisfies Options;
