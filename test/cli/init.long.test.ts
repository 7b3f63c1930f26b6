/**
 * A newcomer's first minutes: `graphc init` out of the packed tarball, in an empty folder outside of this repository; its tests pass; with the heads
 * flattened without their permutation they fail, and say so with the author's line. Installs from npm's cache where that has the packages.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packedVersion, packInto } from "../support/tarball.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-init-"));
const project = join(folder, "my-layers");
const LAYER = join(project, "src/layer.ts");
let right = "";

/** Without what this test runner tells programs that it starts. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV|NODE_OPTIONS|npm_|TEST$|VITE)/.test(name)),
);
const npm = (args: readonly string[], cwd: string) => execFileSync("npm", args, { cwd, env, encoding: "utf8" });
const INSTALL = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

/** `npm test` there, without colours. */
function tested(more: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync("npm", ["test"], {
    cwd: project,
    env: { ...env, NO_COLOR: "1", ...more },
    encoding: "utf8",
  });
  return { status, text: `${stdout}${stderr}` };
}

beforeAll(() => {
  const { graphc: tarball } = packInto(folder);
  // As `npx graphc init` does it: installed by itself, then run in an empty folder.
  const tool = join(folder, "tool");
  npm([...INSTALL, "--prefix", tool, tarball], folder);
  const said = execFileSync(join(tool, "node_modules/.bin/graphc"), ["init", "my-layers"], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  expect(said).toContain("next: cd my-layers && npm install && npm test");
  const written = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  expect(written.dependencies).toEqual({ graphc: packedVersion() });
  // That version is in no registry yet: the tarball stands for it, as docs/testing.md says.
  npm([...INSTALL, tarball], project);
  right = readFileSync(LAYER, "utf8");
  // It builds, packs and installs twice, beside whatever else runs.
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("npm install && npm test passes", () => {
  const { status, text } = tested();
  expect({ status, text }).toMatchObject({ status: 0, text: expect.stringMatching(/Tests {2}4 passed \(4\)/) });
});

test("heads flattened without their permutation: REFUTED, with the author's line", () => {
  const [line] = /.*const turned = transpose.*/.exec(right)!;
  expect(right).toContain("as `const turned = O;`");
  writeFileSync(LAYER, right.replace(line, "  const turned = O;"));
  const { status, text } = tested();
  writeFileSync(LAYER, right);
  const at = right.split("\n").findIndex((one) => one.includes("reshape(turned")) + 1;
  expect(status).toBe(1);
  expect(text).toContain("REFUTED: a block of 2 tokens against 2 single-token calls");
  expect(text).toContain("first difference: joined (reshape), token 0");
  expect(text).toMatch(new RegExp(`at src/layer\\.ts:${at}:\\d+\\n +${at} \\|.*reshape\\(turned`));
  expect(text).toContain("DIFFERS: 4 of 4 tokens, 0 states");
  expect(text).toContain("golden/layer.t4.graph.txt is not what the graph prints");
});

test("the command line works there too, and wrote nothing beside", () => {
  const said = npm(["run", "check"], project);
  expect(said).toMatch(/^layer_t4: .*: OK, as far as it was looked at$/m);
  expect(readdirSync(project).sort()).toEqual(
    [
      ".github",
      ".gitignore",
      "README.md",
      "golden",
      "node_modules",
      "package-lock.json",
      "package.json",
      "src",
      "test",
      "tsconfig.json",
      "vitest.config.ts",
    ].sort(),
  );
});
