/** A graph in the forms of `graphc inspect`: what is printed, and that no name breaks out of it. */
import { join } from "node:path";
import dotparser from "dotparser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import counter from "../../examples/counter.ts";
import { graph } from "../../src/dsl/graph.ts";
import { add, mul } from "../../src/dsl/ops/index.ts";
import { input, named, state, type Tensor } from "../../src/dsl/tensor.ts";
import { printMil } from "../../src/emit/mil/text.ts";
import { lower } from "../../src/emit/write/lower.ts";
import { dotOf } from "../../src/passes/draw/dot.ts";
import { drawingOf } from "../../src/passes/draw/drawing.ts";
import { mermaidOf } from "../../src/passes/draw/mermaid.ts";
import { printGraph } from "../../src/passes/print.ts";
import { checkpointOf, graphc, testFolder } from "../support/cli.ts";
import { ROOT } from "../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");

/** Two values and a cache under a name. */
function under(name: string) {
  const [x, old] = [input(name, [2, 3]), state("k", [2, 3])];
  const sum: Tensor = named(`${name}!`, add(old, x));
  return graph({ name, inputs: [x], states: [[old, sum as typeof old]], outputs: { y: mul(sum as typeof x, 2) } });
}

describe("of a graph file", () => {
  test("the graph is the default, and MIL what emit would write", async () => {
    expect(await graphc(["inspect", COUNTER])).toEqual({ code: 0, err: "", out: printGraph(counter()).trimEnd() });
    const { out } = await graphc(["inspect", COUNTER, "--mil"]);
    expect(out).toBe(printMil(lower(counter()).model).trimEnd());
  });

  test("--dot and --mermaid have a box a value and an arrow an operand", async () => {
    const { boxes, arrows } = drawingOf(counter());
    expect([boxes.length, arrows.length]).toEqual([6, 5]);
    const { out: dot } = await graphc(["inspect", COUNTER, "--dot"]);
    expect(dot).toContain('n2 [shape=box, label="count.after\\nadd"];\n');
    expect(dot).toContain('n0 -> n2 [label="fp16[32]"];\n');
    const { out: mermaid } = await graphc(["inspect", COUNTER, "--mermaid"]);
    expect(mermaid).toContain('n3["mul.0<br>mul 2"]\n');
  });
});

test("a model and a checkpoint at the sizes that are asked for", async () => {
  const { out } = await graphc(["inspect", checkpointOf(), "--tokens", "2", "--max-seq", "8"]);
  expect(out).toMatch(/^graph phi_layer0_t2\n {2}input x: fp16\[1,32,2,1\]$/m);
  expect((await graphc(["inspect", "phi4-mini", "--layer", "3"])).out).toMatch(/^graph phi_layer3_t4$/m);
});

test("a package by the graph that is read from it", async () => {
  const out = testFolder();
  expect((await graphc(["emit", COUNTER, "--out", out])).code).toBe(0);
  const made = join(out, "counter.t1.mlpackage");
  const said = await graphc(["inspect", made, "--graph"]);
  expect([said.code, said.err]).toEqual([0, ""]);
  expect(said.out).toMatch(/^graph counter\n.*\n {2}state count: fp16\[32\]\n/);
  expect((await graphc(["inspect", made])).out).toBe((await graphc(["inspect", made, "--mil"])).out);
});

test.each([
  [["--dot", "--mermaid"], "error: --dot does nothing beside --mermaid; leave one of them out"],
  [["--json"], undefined],
  [["--mil", "--json"], undefined],
])("what says two things is refused: %j", async (options, sentence) => {
  const { code, out, err } = await graphc(["inspect", COUNTER, ...options]);
  expect(code).toBe(2);
  if (sentence) expect(err).toBe(sentence);
  else expect(JSON.parse(out).error.message).toContain("does nothing");
});

describe("names", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.constantFrom('a"b', "\\N", "x\ny", "<b>", "a]b|c", "#35;", '"];'),
  );

  test("in DOT are what a parser of others reads", () => {
    fc.assert(
      fc.property(name, (given) => {
        const [parsed] = dotparser(dotOf(under(given)));
        const nodes = parsed!.children.filter((one) => one.type === "node_stmt");
        const edges = parsed!.children.filter((one) => one.type === "edge_stmt");
        expect([nodes.length, edges.length]).toEqual([6, 5]);
      }),
      { seed: 20261127, numRuns: 300 },
    );
  });

  test("in Mermaid leave a line a box, and no sign that Mermaid reads", () => {
    fc.assert(
      fc.property(name, (given) => {
        const lines = mermaidOf(under(given)).trimEnd().split("\n");
        expect(lines).toHaveLength(1 + 6 + 5);
        for (const line of lines.slice(1))
          expect(line).toMatch(/^ {2}\w+(?:[^"]+"[^"<>|\]\n]*(?:<br>[^"<>|\]\n]*)*"[^"]+| -->\|"[^"|]+"\| \w+)$/);
      }),
      { seed: 20261127, numRuns: 300 },
    );
  });
});
