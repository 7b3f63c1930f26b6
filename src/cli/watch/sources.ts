/** The files that an author's graph file is made of: itself and what it imports of its own. */
import { resolve } from "node:path";

/** Full paths, without packages; undefined where the file does not parse, or one of them is missing. */
export async function sourcesOf(file: string): Promise<readonly string[] | undefined> {
  const { build } = await import("esbuild");
  const options = { bundle: true, write: false, metafile: true, platform: "node", packages: "external" } as const;
  try {
    const { metafile } = await build({ entryPoints: [file], outdir: ".", logLevel: "silent", ...options });
    return Object.keys(metafile.inputs).map((path) => resolve(path));
  } catch {
    return undefined;
  }
}
