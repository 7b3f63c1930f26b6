/** Errors under `--json`: one JSON value on standard output, with the mend, the author's line and the operands as fields. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { reportError } from "../../../src/cli/errors/report.ts";
import { checkpointOf, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");

/** What a refused command line prints as JSON; nothing else may be printed. */
async function errorOf(argv: readonly string[], interrupted?: (label: string) => boolean): Promise<unknown> {
  const { code, out, err } = await graphc([...argv, "--json"], interrupted);
  const { error, exitCode } = JSON.parse(out);
  expect([exitCode, err]).toEqual([code, ""]);
  return { ...error, code };
}

test("a mistake of the user's: what is wrong and the mend are two fields", async () => {
  expect(await errorOf(["emti"])).toMatchObject({ kind: "user", code: 2, message: 'there is no command "emti"' });
  const small = ["emit", "phi4-mini", "--weights", checkpointOf(), "--out", testFolder(), "--max-seq"];
  expect(await errorOf([...small, "3"])).toEqual({
    kind: "user",
    code: 2,
    message: "a block of 4 tokens does not fit a cache of 3 rows",
    mend: "raise max_seq",
  });
});

test("without a mend there is no such field", async () => {
  const error = { kind: "user", code: 2, message: "there is no readable file nowhere.ts" };
  expect(await errorOf(["check", "nowhere.ts"])).toEqual(error);
});

test("a mistake in a graph: the author's line, and every operand with its own", async () => {
  const lines = [
    'import { graph, input, matmul } from "graphc";',
    "export default function model() {",
    '  const x = input("x", [1, 2, 4, 8]);',
    '  const y = matmul(x, input("k", [1, 2, 9, 16]));',
    '  return graph({ name: "g", inputs: [x], outputs: { y } });',
    "}",
  ];
  const file = join(folderOf({ "g.ts": lines.join("\n") }), "g.ts");
  const shown = file.replace(/.*graphc-cli-[A-Za-z0-9]{6}/, "…");
  expect(await errorOf(["check", file])).toEqual({
    kind: "graph",
    code: 2,
    message: "matmul: inner sizes differ: 8 and 9",
    at: { file: shown, line: 4, column: 13 },
    notes: [
      { label: "x", type: "fp16[1,2,4,8]", at: { file: shown, line: 3, column: 13 } },
      { label: "y", type: "fp16[1,2,9,16]", at: { file: shown, line: 4, column: 23 } },
    ],
  });
});

test("an interrupt, which is no mistake", async () => {
  const error = { kind: "interrupted", code: 130, message: "interrupted; nothing was written" };
  expect(await errorOf(["emit", COUNTER, "--out", testFolder()], (at) => at === "writing t4")).toEqual(error);
});

test("a fault of ours keeps its stack and exits 3", () => {
  const { text, record, code } = reportError(new TypeError("x is undefined"));
  expect([code, record.kind, record.mend]).toEqual([3, "fault", "please report this"]);
  expect(record.message).toMatch(/^TypeError: x is undefined\n +at /);
  expect(text).toBe(`graphc failed by a fault of its own; please report this:\n${record.message}`);
});

test("a counterexample that cannot be written leaves the error alone on standard output", async () => {
  const wrong = `
    import { add, graph, input, mul, state } from "graphc";
    export default function model({ tokens }) {
      const [x, before] = [input("x", [1, 1, tokens, 32]), state("s", [32])];
      return graph({ name: "g", inputs: [x], states: [[before, add(before, 1)]], outputs: { y: mul(x, before) } });
    }`;
  const folder = folderOf({ "g.ts": wrong, taken: "" });
  const argv = ["prove", join(folder, "g.ts"), "--tokens", "2", "--dump", join(folder, "taken")];
  expect(await errorOf(argv)).toMatchObject({ kind: "user", code: 2 });
});
