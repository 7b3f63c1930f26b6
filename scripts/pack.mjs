// Stages and packs what is published: build/npm/graphc (the code, its types, examples and templates) and build/npm/graphc-ane (the pages and
// the Swift sources of the device tool, which would not fit beside the code), each with a package.json and a README.md of its own.
// `npm run pack` builds dist/ first; `node scripts/pack.mjs` packs the dist/ that is there. Prints the tarballs and what they weigh.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { addressesOf, MEND } from "./addresses.mjs";
import { npmReadme } from "./npm-readme.mjs";

/** What a tarball may weigh, in bytes. */
const HEAVIEST = 500_000;
/** What is public of the repository's package.json. */
const PUBLIC =
  "name version description license keywords type engines bin exports files dependencies peerDependencies".split(" ");
const STAGE = "build/npm";

const own = JSON.parse(readFileSync("package.json", "utf8"));
const addresses = addressesOf(own);
if (!addresses.repository)
  process.stderr.write(
    `package.json names no repository, so that the packages name none, no homepage and no bugs: ${MEND}\n`,
  );
rmSync(STAGE, { recursive: true, force: true });
const code = stage(
  { ...Object.fromEntries(PUBLIC.filter((key) => key in own).map((key) => [key, own[key]])), ...addresses },
  own.files.filter((path) => !path.startsWith("!")),
);
writeFileSync(
  join(code, "README.md"),
  npmReadme(readFileSync("README.md", "utf8"), (to) => existsSync(join(code, to))),
);
const { version, license, keywords } = own;
const description = "The device tool of graphc, as Swift sources, and graphc's pages";
const files = ["docs", "examples", "tools", "CHANGELOG.md", "CONTRIBUTING.md"];
const rest = stage({ name: "graphc-ane", version, description, license, keywords, ...addresses, files }, [
  "docs",
  "examples/host-caches.ts",
  "tools/Package.swift",
  "tools/README.md",
  "tools/Sources",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
]);
cpSync("scripts/graphc-ane.md", join(rest, "README.md"));

for (const folder of [code, rest]) {
  const tarball = pack(folder);
  const bytes = statSync(tarball).size;
  process.stdout.write(`${tarball}  ${bytes} bytes\n`);
  if (bytes < HEAVIEST) continue;
  process.stderr.write(
    `${tarball} must stay below ${HEAVIEST} bytes (npm pack --dry-run in ${folder} lists its files)\n`,
  );
  process.exitCode = 1;
}

/** A folder with this package.json, the licence and these files of the repository. */
function stage(manifest, paths) {
  const folder = join(STAGE, manifest.name);
  for (const path of [...paths, "LICENSE"]) {
    if (!existsSync(path)) throw new Error(`${path} is not there${path === "dist" ? ": npm run build makes it" : ""}`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(path, join(folder, path), { recursive: true, filter: (from) => from === path || !left(from) });
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return folder;
}

/** The picture is README.md's, and weighs half as much as all pages; the example is one of docs/interface.md, and lies beside it. */
function left(path) {
  return path.endsWith(".png") || path === "examples/host-caches.ts";
}

/** Packs a staged folder; the path of the tarball. */
function pack(folder) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", STAGE, `./${folder}`];
  const { status, stdout, stderr } = spawnSync("npm", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`npm pack ${folder}: ${stderr}`);
  return join(STAGE, Object.values(JSON.parse(stdout))[0].filename);
}
