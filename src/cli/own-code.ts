/** Which code is the library's own: frames of a stack that lie in it are not the author's. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of it: src/, or dist/ once it is bundled. */
export const OWN_CODE = dirname(dirname(fileURLToPath(import.meta.url)));
