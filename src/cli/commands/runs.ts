/** Commands that run graphs, or compare two: loaded as one, for a file each takes longer and is larger. */
export { diffCommand } from "./diff.ts";
export { equalCommand } from "./equal.ts";
export { parityCommand } from "./parity.ts";
export { runCommand } from "./run.ts";
export { surveyCommand } from "./survey.ts";
