/** The version of the tool, as package.json has it, and the folder that holds it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codeOf, fileError } from "../../files/files.ts";

/** What package.json says, and where it lies. */
interface Own {
  readonly folder: string;
  readonly version: string;
}

/** package.json lies beside dist/ and above src/cli/: the nearest one upwards is ours. */
function ownAbove(folder: URL): Own {
  const url = new URL("package.json", folder);
  try {
    return { folder: fileURLToPath(folder), version: JSON.parse(readFileSync(url, "utf8")).version };
  } catch (error) {
    const above = new URL("../", folder);
    if (codeOf(error) !== "ENOENT" || above.href === folder.href) throw fileError(error, fileURLToPath(url), "read");
    return ownAbove(above);
  }
}

const OWN = ownAbove(new URL("./", import.meta.url));

/** Of the nearest package.json upwards. */
export const TOOL_VERSION: string = OWN.version;

/** The folder that was installed: dist/ and templates/ lie in it. */
export const TOOL_FOLDER: string = OWN.folder;
