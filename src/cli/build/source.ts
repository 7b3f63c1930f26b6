/** The files that a build is made from, so that it notices when they change. */
import { join } from "node:path";
import type { BuildState } from "../../build/state.ts";
import { namesIn, statOf } from "../../files/regular.ts";

/** What weights come from, so that a change is noticed. */
export async function filesOf(path: string): Promise<BuildState["source"]> {
  const names = path.endsWith(".gguf") ? [path] : (await namesIn(path)).map((name) => join(path, name));
  const files = await Promise.all(names.toSorted().map(async (file) => ({ file, stat: await statOf(file) })));
  return files.flatMap(({ file, stat }) =>
    stat?.isFile() ? [{ file, bytes: stat.size, modified: Math.trunc(stat.mtimeMs) }] : [],
  );
}
