/** What a command needs once something is wrong: loaded as one, and only then. */
export { asksForGithub, errorAnnotation } from "../format/github.ts";
export { outOfMemory } from "./out-of-memory.ts";
export { reportError } from "./report.ts";
