/** Numbers that nothing can be made of: one sentence at once, and nothing is allocated for them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { table } from "../../../src/cli/terminal/table.ts";
import { graph } from "../../../src/dsl/graph.ts";
import { add, concat } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { expectRefusal, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const ATTENTION = join(ROOT, "examples/attention.ts");
const MOST = String(Number.MAX_SAFE_INTEGER);
const COMMANDS = ["check", "prove", "emit", "parity", "run"] as const;

const asked = (command: string, operand: string, ...rest: readonly string[]): readonly string[] => {
  const own = command === "run" ? ["--positions", "0"] : command === "emit" ? ["--out", join(testFolder(), "new")] : [];
  return [command, operand, ...own, ...rest];
};

describe.each(COMMANDS)("%s", (command) => {
  test.each([
    [["--tokens", "1000000"], "a block of 1000000 tokens does not fit a cache of 2048 rows; raise max_seq"],
    [["--tokens", MOST, "--max-seq", MOST], /^error: a cache of 9007199254740991 rows is beyond the 2147483647/],
    [["--max-seq", "999999999"], /^error: max_seq 999999999 is beyond the model's max_position_embeddings/],
    [["--layers", "1000000000"], "there is no layer 32; the model has layers 0 to 31"],
    [["--layers", MOST], "there is no layer 32; the model has layers 0 to 31"],
    [["--layer", MOST], `there is no layer ${MOST}; the model has layers 0 to 31`],
    [["--tokens", "1e9"], '--tokens must be a whole number of at least 1, not "1e9"'],
    [["--tokens", "9".repeat(400)], /^error: --tokens must be a whole number of at least 1/],
  ] as const)("the model with %j", (options, sentence) =>
    expectRefusal(asked(command, "phi4-mini", ...options), sentence),
  );

  test("a graph whose cache has more rows than positions", () =>
    expectRefusal(asked(command, ATTENTION, "--max-seq", MOST), /^error: a cache of 9007199254740991 rows is beyond/));
});

test.each(["prove", "emit"])("%s of a block that no proof can be had for", (command) =>
  expectRefusal(
    asked(command, ATTENTION, "--tokens", "1000000", "--max-seq", "1000000"),
    "a proof for blocks of 1000000 tokens is out of reach: its terms grow with the square of that; give 1024 --tokens at most",
  ),
);

test.each([
  ["0..999999999999", "--positions names 1000000000000 tokens; the graph takes 4"],
  ["0..99999999999999999999999", "--positions names 1e+23 tokens; the graph takes 4"],
  ["999999999999", "position 999999999999 is beyond the cache's last row 2047"],
])("run at positions %s", (positions, sentence) =>
  expectRefusal(["run", ATTENTION, "--positions", positions], sentence),
);

test("a table of more rows than a call has arguments", () => {
  const rows = Array.from({ length: 300_000 }, () => ["a", "1"]);
  expect(table(["name", "n"], rows).split("\n")).toHaveLength(300_002);
});

test("a graph of very many values, one after another or side by side, is planned", () => {
  const x = input("x", [1]);
  let chain: Tensor = x;
  for (let n = 0; n < 10_000; n++) chain = add(chain, 1);
  const wide = concat(
    Array.from({ length: 10_000 }, (_, n) => add(x, n % 7)),
    { axis: 0 },
  );
  expect(planOf(graph({ name: "g", inputs: [x], outputs: { chain, wide } })).steps).toHaveLength(20_001);
});
