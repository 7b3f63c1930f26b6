/**
 * Each gate of `npm test` has failed once: faults are planted in copies, and the gate names them. The configurations
 * are the project's own; a copy without a fault passes.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "./support/root.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A project folder with these files, the configurations named, and the packages of this project. */
function projectOf(files: Readonly<Record<string, string>>, configurations: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), "graphc-gate-"));
  folders.push(folder);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const name of configurations) cpSync(join(ROOT, name), join(folder, name));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Runs a program of node_modules; both streams in one text. */
async function tool(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [join(ROOT, "node_modules", program), ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (text += part));
  const code = await new Promise((done) => child.on("close", done));
  return { code, text };
}

describe.concurrent("suites", () => {
  test("npm test runs every gate and the short suite, npm run test:long the long one", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      scripts: Readonly<Record<string, string>>;
    };
    expect(scripts.test).toBe("npm run types && biome ci . && knip && vitest run --project short");
    expect(scripts.types).toBe("tsc --noEmit && tsc -p src/view/page");
    expect(scripts["test:long"]).toBe("vitest run --project long");
    const ci = readFileSync(join(ROOT, ".ci/run"), "utf8");
    for (const step of [
      /^step test npm test$/m,
      /^ {2}LONG_SHARE=4 PROVE_FUZZ_RUNS=2000 FAULT_EVERY=12 FAULT_FIRST=\$seed PROVE_MUTANT_RUNS=100 PROVE_MUTANT_SEED=\$seed npm run test:long /m,
      /^step conformance npm run conformance -- -k "not \(\$behind\)"$/m,
      /^ {2}bash conformance\/run\.sh --installed -k "\$behind" /m,
    ])
      expect(ci).toMatch(step);
  });

  test("every file of tests belongs to one of the two", async () => {
    const written = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".test.ts"))
      .map((path) => join("test", path));
    const { text } = await tool("vitest/vitest.mjs", ["list", "--filesOnly", "--json"], ROOT);
    const listed = JSON.parse(text) as readonly { file: string; projectName: string }[];
    expect(listed.map(({ file }) => relative(ROOT, file)).sort()).toEqual(written.sort());
    for (const { file, projectName } of listed) expect(file.endsWith(".long.test.ts")).toBe(projectName === "long");
    expect(listed.filter(({ projectName }) => projectName === "long").length).toBeGreaterThan(3);
  });

  test("a failing long test fails the long suite and no other", async () => {
    const source = (right: number) =>
      `import { expect, test } from "vitest";\n\ntest("t", () => expect(1).toBe(${right}));\n`;
    const files = { "test/a.test.ts": source(1), "test/a.long.test.ts": source(2), "package.json": "{}" };
    const folder = projectOf(files, ["vitest.config.ts"]);
    const suites = ["short", "long"].map((suite) => tool("vitest/vitest.mjs", ["run", "--project", suite], folder));
    const [short, long] = await Promise.all(suites);
    expect(short).toMatchObject({ code: 0 });
    expect(long).toMatchObject({ code: 1, text: expect.stringContaining("expected 1 to be 2") });
  });
});

describe.concurrent("imports", () => {
  const ROOMS = [
    "dsl",
    "models",
    "passes",
    "files",
    "weights",
    "emit",
    "evidence",
    "build",
    "api",
    "view",
    "cli",
    "testing",
  ];
  /** What a room may import besides itself, as docs/architecture.md says. */
  const MAY: Readonly<Record<string, readonly string[]>> = {
    dsl: [],
    models: ["dsl"],
    passes: ["dsl", "models"],
    files: ["dsl"],
    weights: ["dsl", "models", "passes", "files"],
    emit: ["dsl", "models", "passes", "files", "weights"],
    evidence: ["dsl", "models", "passes", "files", "weights", "emit"],
    build: ["dsl", "models", "passes", "files", "weights", "emit", "evidence"],
    api: ROOMS.filter((room) => !["view", "cli", "testing"].includes(room)),
    view: ROOMS.filter((room) => !["cli", "testing"].includes(room)),
    cli: ROOMS.filter((room) => room !== "testing"),
    testing: ROOMS,
  };
  /** Inner rooms from the ground up: each may import those before it, and the last one none of `apart`. */
  const STOREYS: readonly (readonly [room: string, floors: readonly string[], apart: readonly string[]])[] = [
    ["passes", ["interpret", "kernels", "run"], []],
    ["passes", ["interpret", "kernels", "run", "lint"], ["survey", "parity", "prove"]],
    ["passes", ["interpret", "run", "survey"], []],
    ["passes", ["interpret", "run", "parity"], []],
    ["passes", ["interpret", "prove"], ["kernels", "run", "lint", "survey", "parity"]],
    ["passes", ["interpret", "kernels", "prove/refute"], ["run", "lint", "survey", "parity"]],
    ["passes/prove", ["logic", "rules", "reading", "program", "refute", "report"], []],
    ["emit", ["mil", "write", "diff"], []],
    ["emit", ["mil", "read"], ["write"]],
    ["emit", ["mil", "read", "diff"], []],
    ["emit", ["mil", "read", "rules"], ["write", "diff"]],
  ];
  const lint = (files: Readonly<Record<string, string>>) =>
    tool(
      "@biomejs/biome/bin/biome",
      ["ci", ".", "--max-diagnostics=none"],
      projectOf(files, ["biome.json", ".gitignore"]),
    );
  /** A file of the room `from` that imports one of the room `to`, both given as folders below src. */
  const planted = (from: string, to: string): readonly [string, string] => {
    const up = "../".repeat(from.split("/").length);
    const name = `src/${from}/uses-${to.replaceAll("/", "-")}.ts`;
    return [name, `import { b } from "${up}${to}/b.ts";\n\nexport const used = b;\n`];
  };
  const floors = STOREYS.flatMap(([room, names]) => names.map((name) => `${room}/${name}`));
  const grounds = Object.fromEntries(
    [...ROOMS, ...floors].map((room) => [`src/${room}/b.ts`, "export const b = 1;\n"]),
  );
  const pairs = (right: boolean) => [
    ...ROOMS.flatMap((from) =>
      ROOMS.filter((to) => to !== from && MAY[from]!.includes(to) === right).map((to) => planted(from, to)),
    ),
    ...STOREYS.flatMap(([room, names, apart]) =>
      names.flatMap((from, k) =>
        (right ? names.slice(0, k) : [...names.slice(k + 1), ...(k === names.length - 1 ? apart : [])]).map((to) =>
          planted(`${room}/${from}`, `${room}/${to}`),
        ),
      ),
    ),
  ];

  test("that point the one way pass", async () => {
    const { code, text } = await lint({ ...grounds, ...Object.fromEntries(pairs(true)) });
    expect({ code, text }).toMatchObject({ code: 0 });
  });

  test("against it are refused, each of them, in our words", async () => {
    const wrong = Object.fromEntries(pairs(false));
    expect(Object.keys(wrong).length).toBeGreaterThan(60);
    const { code, text } = await lint({ ...grounds, ...wrong });
    expect(code).toBe(1);
    const named = text.split("\n\n").filter((part) => part.includes("lint/style/noRestrictedImports"));
    expect(named.map((part) => /src\/\S+?\.ts/.exec(part)![0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(text.split("may not import this: docs/architecture.md, Rooms")).toHaveLength(named.length + 1);
  });

  test("that run in a circle are refused", async () => {
    const circle = (me: string, other: string) =>
      `import { ${other} } from "./${other}.ts";\n\nexport const ${me} = () => ${other};\n`;
    const { code, text } = await lint({ "src/dsl/p.ts": circle("p", "q"), "src/dsl/q.ts": circle("q", "p") });
    expect(code).toBe(1);
    expect(text).toContain("lint/suspicious/noImportCycles");
  });
});

describe.concurrent("types", () => {
  test("a wrong shape in a layer file is a compile error that names the sizes", async () => {
    const layer = readFileSync(join(ROOT, "examples/phi4-mini.ts"), "utf8");
    const right = "[5120, 3072, 1, 1]";
    expect(layer).toContain(right);
    const options = { paths: { graphc: [join(ROOT, "src/index.ts")] }, typeRoots: [join(ROOT, "node_modules/@types")] };
    const config = { extends: join(ROOT, "tsconfig.json"), compilerOptions: options, include: ["*.ts"] };
    const folder = projectOf({
      "layer.ts": layer.replace(right, "[5120, 3071, 1, 1]"),
      "package.json": '{ "type": "module" }',
      "tsconfig.json": JSON.stringify(config),
    });
    const wrong = await tool("typescript/bin/tsc", ["-p", folder, "--pretty", "false"], folder);
    expect(wrong.code).not.toBe(0);
    expect(wrong.text).toMatch(/^layer\.ts\(\d+,\d+\): error TS/);
    for (const size of ["3071", "3072"]) expect(wrong.text).toContain(size);
  });
});

describe.concurrent("unused code", () => {
  const files = {
    "package.json": '{ "name": "x", "type": "module" }',
    "src/index.ts": 'export { used } from "./part.ts";\n',
    "src/part.ts": "export const used = 1;\n",
  };
  const knip = (more: Readonly<Record<string, string>> = {}) =>
    tool("knip/bin/knip.js", ["--no-progress", "--no-config-hints"], projectOf({ ...files, ...more }, ["knip.json"]));

  test("an export that nobody imports and a file that nobody needs are named", async () => {
    const dead = { "src/part.ts": `${files["src/part.ts"]}export const unused = 2;\n`, "src/dead.ts": "export {};\n" };
    const [fine, wrong] = await Promise.all([knip(), knip(dead)]);
    expect(fine).toEqual({ code: 0, text: expect.any(String) });
    expect(wrong.code).toBe(1);
    expect(wrong.text).toMatch(/Unused files \(1\)\nsrc\/dead\.ts/);
    expect(wrong.text).toMatch(/Unused exports \(1\)\nunused +src\/part\.ts/);
  });
});

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { title: string; status: string }[] }[];
}

describe.concurrent("goldens", () => {
  /** The titles of the tests of one graph that fail on a damaged copy; outside CI, where Vitest writes what is missing. */
  async function failures(folder: string): Promise<readonly string[]> {
    const chosen = ["-t", "^counter|^no golden is stale"];
    const args = ["run", "test/golden/golden.test.ts", "--project=short", "--reporter=json", ...chosen];
    const { text } = await tool("vitest/vitest.mjs", args, ROOT, { CI: "", GRAPHC_GOLDEN: folder });
    const report = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as Report;
    const results = report.testResults.flatMap((file) => file.assertionResults);
    expect(results.length).toBeGreaterThan(40);
    return results.filter(({ status }) => status === "failed").map(({ title }) => title);
  }

  test("a changed, a missing and a stale one fail, and nothing is mended", async () => {
    const folder = join(projectOf({}), "golden");
    cpSync(join(ROOT, "golden"), folder, { recursive: true });
    const changed = join(folder, "counter.graph.txt");
    writeFileSync(changed, `${readFileSync(changed, "utf8")}and more\n`);
    rmSync(join(folder, "counter.mil.txt"));
    writeFileSync(join(folder, "counter.t8.mil.txt"), "of a case that was removed\n");
    expect(await failures(folder)).toEqual(["counter.graph.txt", "counter.mil.txt", "no golden is stale"]);
    expect(readFileSync(changed, "utf8")).toContain("and more");
    expect(() => readFileSync(join(folder, "counter.mil.txt"))).toThrow("ENOENT");
  });
});
