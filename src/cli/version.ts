/** The version of the tool, as package.json has it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codeOf, fileError } from "../files/files.ts";

/** package.json lies beside dist/ and above src/cli/: the nearest one upwards is ours. */
function versionAbove(folder: URL): string {
  const url = new URL("package.json", folder);
  try {
    return JSON.parse(readFileSync(url, "utf8")).version;
  } catch (error) {
    const above = new URL("../", folder);
    if (codeOf(error) !== "ENOENT" || above.href === folder.href) throw fileError(error, fileURLToPath(url), "read");
    return versionAbove(above);
  }
}

/** Of the nearest package.json upwards. */
export const TOOL_VERSION: string = versionAbove(new URL("./", import.meta.url));
