/** The golden gate bites: a changed and a missing golden fail, and neither is written, without any help from CI. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const PROJECT = `import { expect, test } from "vitest";
for (const name of ["same", "changed", "missing"])
  test(name, () => expect(name + "\\n").toMatchFileSnapshot("../golden/" + name + ".txt"));
`;

test("a changed and a missing golden fail; one that is the same passes", () => {
  const folder = mkdtempSync(join(tmpdir(), "graphc-golden-"));
  try {
    for (const name of ["test", "golden"]) mkdirSync(join(folder, name));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "test/some.test.ts"), PROJECT);
    writeFileSync(join(folder, "golden/same.txt"), "same\n");
    writeFileSync(join(folder, "golden/changed.txt"), "as it was\n");
    const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=json", "--root", folder];
    const env = { ...process.env, CI: "" };
    const { stdout } = spawnSync(process.execPath, [...vitest, "--config", join(root, "vitest.config.ts")], {
      encoding: "utf8",
      env,
    });
    const [file] = (JSON.parse(stdout) as Report).testResults;
    expect(file!.assertionResults.map(({ title, status }) => `${title} ${status}`)).toEqual([
      "same passed",
      "changed failed",
      "missing failed",
    ]);
    expect(readFileSync(join(folder, "golden/changed.txt"), "utf8")).toBe("as it was\n");
    expect(existsSync(join(folder, "golden/missing.txt"))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}
