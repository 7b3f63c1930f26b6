/** Commands of whole models: loaded as one, for a file each takes longer and is larger. */
export { buildCommand } from "./build.ts";
export { gateCommand } from "./gate.ts";
export { generateCommand } from "./generate.ts";
export { interfaceCommand } from "./interface.ts";
export { planCommand } from "./plan.ts";
export { rangesCommand } from "./ranges.ts";
