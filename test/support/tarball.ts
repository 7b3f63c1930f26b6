/** The package as npm would publish it, packed from a copy of the sources: dist/ of this folder may be older, or in use. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./root.ts";

/** Builds and packs into `folder`; the path of the tarball. */
export function packInto(folder: string): string {
  const copy = join(folder, "sources");
  const tracked = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT });
  for (const path of tracked.toString().split("\0").filter(isPacked)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: copy });
  const said = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: copy });
  const [{ filename }] = JSON.parse(said.toString()) as [{ filename: string }];
  return join(folder, filename);
}

/** All but what only this repository's own tests read. */
const isPacked = (path: string): boolean => path !== "" && !/^(?:test|golden|conformance|bench|mutation)\//.test(path);

/** The version that is packed. */
export const packedVersion = (): string => JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
