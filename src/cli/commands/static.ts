/** Commands that look at a graph, a model or a package: loaded as one, for a file each takes longer and is larger. */
export { checkCommand } from "./check.ts";
export { inspectCommand } from "./inspect.ts";
export { watchCommand } from "./watch.ts";
