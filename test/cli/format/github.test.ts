/** `--format github`: annotations at the author's lines, which GitHub's own rules of escape read back; none where all is well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { annotationLine } from "../../../src/cli/format/github.ts";
import { folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");

interface Read {
  readonly level: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A line as the runner reads it: `::name key=value,…::data`, the first `::` behind the name ends the properties. */
function read(line: string): Read {
  const [, level, listed, text] = /^::(\w+) (.*?)::(.*)$/.exec(line)!;
  const plain = (x: string) => x.replaceAll("%0D", "\r").replaceAll("%0A", "\n");
  const own = (x: string) => plain(x).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%25", "%");
  const properties = listed!.split(",").map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), own(pair.slice(at + 1))] as const;
  });
  return { level: level!, properties: Object.fromEntries(properties), text: plain(text!).replaceAll("%25", "%") };
}

const annotations = (text: string): readonly Read[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("::"))
    .map(read);

test("whatever stands in it, an annotation is one line that is read back", () => {
  const odd = fc.array(fc.constantFrom("%", "%25", "%0A", ":", "::", ",", "=", "a", " ", "é", "::error::x"), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(odd, odd, odd, (file, title, text) => {
      const at = { file: `/${file.join("")}/g.ts`, line: 3, column: 7 };
      const line = annotationLine({ level: "error", title: title.join(""), text: `${text.join("")}\n2`, at });
      expect(line).not.toContain("\n");
      expect(read(line)).toEqual({
        level: "error",
        properties: {
          file: expect.stringContaining(`${file.join("")}/g.ts`),
          line: "3",
          col: "7",
          title: title.join(""),
        },
        text: `${text.join("")}\n2`,
      });
    }),
  );
});

test("a mistake in the graph is annotated at its line, beside the text", async () => {
  const source = `import { add, graph, input } from "graphc";
export default () => {
  const [x, y] = [input("x", [2]), input("y", [3])];
  return graph({ name: "g", inputs: [x, y], outputs: { z: add(x, y) } });
};`;
  const file = join(folderOf({ "g.ts": source }), "g.ts");
  for (const command of ["check", "prove"]) {
    const { code, out, err } = await graphc([command, file, "--format", "github"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^error: add: .*\n/);
    const [one, ...others] = annotations(err);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ level: "error", properties: { line: "4", title: "graphc" } });
    expect(one!.properties.file).toMatch(/g\.ts$/);
    expect(one!.text).toContain("add: cannot broadcast");
    expect(annotations((await graphc([command, file])).err)).toEqual([]);
  }
});

test("a refutation is annotated at the line of the value that differs, with what is printed of it", async () => {
  const mixed = `import { graph, input, named, softmax } from "graphc";
export default function mix({ tokens: T }) {
  const x = input("x", [1, 4, T, 1]);
  const y = named("mixed", softmax(x, { axis: 2 }));
  return graph({ name: "mix", inputs: [x], outputs: { y } });
}`;
  const file = join(folderOf({ "mix.ts": mixed }), "mix.ts");
  const { code, out } = await graphc(["prove", file, "--format", "github"]);
  expect(code).toBe(1);
  const found = annotations(out);
  expect(found.map(({ level, properties: { title, line } }) => [level, title, line])).toEqual([
    ["error", "REFUTED", "4"],
  ]);
  expect(out.startsWith(found[0]!.text.split("\n")[0]!)).toBe(true);
  expect(annotations((await graphc(["prove", file])).out)).toEqual([]);

  const emitted = await graphc(["emit", file, "--out", testFolder(), "--format", "github"]);
  expect([emitted.code, annotations(emitted.out)]).toEqual([1, found]);
  const doubled = join(
    folderOf({
      "twice.ts": mixed.replace("named(", "mul(2, named(").replace("2 }))", "2 })))").replace("graph,", "graph, mul,"),
    }),
    "twice.ts",
  );
  const equal = await graphc(["equal", file, doubled, "--format", "github"]);
  expect(equal.code).toBe(1);
  expect(annotations(equal.out).map(({ level, properties: { title, line } }) => [level, title, line])).toEqual([
    ["error", "REFUTED", "4"],
  ]);
  expect(annotations((await graphc(["equal", file, doubled])).out)).toEqual([]);
  const parity = await graphc(["parity", file, "--format", "github"]);
  expect(annotations(parity.out)).toEqual([
    { level: "error", properties: { title: "parity" }, text: expect.stringMatching(/^DIFFERS: \d+ of \d+ tokens/) },
  ]);
}, 30_000);

test("a finding of check is annotated with its rule", async () => {
  const wide = readFileSync(COUNTER, "utf8").replaceAll("[32]", "[1, 1, 1, 270]");
  const file = join(folderOf({ "wide.ts": wide }), "wide.ts");
  const { code, out } = await graphc(["check", file, "--format=github"]);
  expect(code).toBe(1);
  const found = annotations(out);
  expect(found.filter(({ level }) => level === "error").map(({ properties }) => properties.title)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^state-alignment \(/)]),
  );
  const at = found.find(({ level }) => level === "error")!.properties;
  expect([wide.split("\n")[Number(at.line) - 1], at.file]).toEqual([
    expect.stringContaining("state("),
    expect.stringMatching(/wide\.ts$/),
  ]);
});

test("a proof has none, and a check that passes none in red; and beside --json it is refused", async () => {
  const copy = join(folderOf({ "copy.ts": readFileSync(COUNTER) }), "copy.ts");
  for (const [command, ...more] of [
    ["check"],
    ["prove"],
    ["parity"],
    ["equal", copy],
    ["emit", "--out", testFolder()],
  ] as const) {
    const { code, out, err } = await graphc([command, COUNTER, ...more, "--format", "github"]);
    const levels = annotations(`${out}\n${err}`).map(({ level }) => level);
    expect([code, new Set(levels)]).toEqual([0, new Set(command === "check" ? ["warning"] : [])]);
    const { out: refused } = await graphc([command, COUNTER, ...more, "--format", "github", "--json"]);
    expect(JSON.parse(refused)).toMatchObject({
      error: { message: "--format does nothing beside --json" },
      exitCode: 2,
    });
  }
});
