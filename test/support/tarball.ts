/** The packages as npm would publish them, packed from a copy of the sources: dist/ of this folder may be older, or in use. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./root.ts";

/** Paths of the tarballs, and of the copy that they were packed from. */
export interface Packed {
  readonly graphc: string;
  readonly graphcAne: string;
  readonly sources: string;
}

/** Builds and packs in a copy of the sources below `folder`. */
export function packInto(folder: string): Packed {
  const sources = join(folder, "sources");
  const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT });
  for (const path of tracked.toString().split("\0").filter(isPacked)) {
    mkdirSync(dirname(join(sources, path)), { recursive: true });
    cpSync(join(ROOT, path), join(sources, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(sources, "node_modules"));
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: sources });
  execFileSync(process.execPath, ["scripts/pack.mjs"], { cwd: sources });
  const tarball = (name: string) => join(sources, "build/npm", `${name}-${packedVersion()}.tgz`);
  return { graphc: tarball("graphc"), graphcAne: tarball("graphc-ane"), sources };
}

/** All but what only this repository's own tests read. */
const isPacked = (path: string): boolean => path !== "" && !/^(?:test|golden|conformance|bench|mutation)\//.test(path);

/** The version that is packed. */
export const packedVersion = (): string => JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
