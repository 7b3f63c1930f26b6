/** Every option of every command is refused for an operand for which it does nothing, and says what it is for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import type { Command } from "../../../src/cli/options/command.ts";
import { parseCommandLine } from "../../../src/cli/options/command.ts";
import type { Option } from "../../../src/cli/options/option.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "g.ts"), "");

/** m: phi4-mini, g: a graph file, p: a package whose size is not known yet. Options of all three have no row. */
const OPERANDS = { m: "phi4-mini", g: join(folder, "g.ts"), p: "x.mlpackage" } as const;
type Kind = keyof typeof OPERANDS;

/** The operands that each option of a command is for. A new option that is for some of them alone needs a row. */
const USES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  init: {},
  completion: {},
  check: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    role: "mgp",
    interface: "mgp",
    target: "mgp",
    format: "mgp",
    incidents: "",
  },
  emit: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mg",
    "rope-list": "m",
    "max-seq": "mg",
    cache: "m",
    seed: "mg",
    functions: "mgp",
    prompt: "",
    "prompt-ids": "",
    raw: "",
    tokenizer: "",
    clamp: "g",
    "engine-safe": "g",
    out: "mgp",
    force: "mgp",
    "no-prove": "mgp",
    format: "mgp",
    explain: "mgp",
    ranges: "mg",
    bound: "g",
    fixtures: "mgp",
    target: "mgp",
    evidence: "mgp",
    "ahead-of-evidence": "mgp",
  },
  prove: {
    weights: "mg",
    ranges: "mg",
    bound: "g",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    functions: "p",
    role: "mgp",
    interface: "mgp",
    dump: "mgp",
    explain: "mgp",
    format: "mgp",
  },
  watch: {
    weights: "g",
    layer: "g",
    tokens: "g",
    "max-seq": "g",
    role: "mgp",
    interface: "mgp",
    format: "mgp",
    explain: "mgp",
  },
  equal: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    functions: "p",
    map: "mgp",
    role: "mgp",
    interface: "mgp",
    dump: "mgp",
    format: "mgp",
    explain: "mgp",
  },
  parity: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "rope-list": "m",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    functions: "p",
    seed: "mgp",
    role: "mgp",
    interface: "mgp",
    format: "mgp",
    explain: "mgp",
    threads: "mgp",
    accumulate: "mgp",
    arithmetic: "mgp",
    reference: "mgp",
    inputs: "mgp",
    state: "mgp",
    precision: "mgp",
    within: "mgp",
  },
  run: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "rope-list": "m",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    seed: "mgp",
    role: "mgp",
    interface: "mgp",
    inputs: "mgp",
    positions: "mgp",
    state: "mgp",
    out: "mgp",
    precision: "mgp",
    arithmetic: "mgp",
    unchecked: "mgp",
  },
  survey: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mg",
    "rope-list": "m",
    "max-seq": "mg",
    cache: "m",
    seed: "mgp",
    role: "mgp",
    interface: "mgp",
    arithmetic: "mgp",
  },
  interface: {
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    role: "mgp",
    interface: "mgp",
  },
  diff: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mg",
    "max-seq": "mg",
    cache: "m",
    seed: "mg",
    function: "p",
  },
  inspect: {
    graph: "mgp",
    mil: "mgp",
    dot: "mgp",
    mermaid: "mgp",
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    function: "p",
  },
  view: {
    weights: "mg",
    layer: "mg",
    layers: "m",
    tokens: "mgp",
    "max-seq": "mg",
    cache: "m",
    function: "p",
    "step-function": "p",
    seed: "mgp",
    role: "mgp",
    interface: "mgp",
    target: "mgp",
    evidence: "p",
    unquantised: "p",
    numbers: "mgp",
    ranges: "mgp",
    bound: "mgp",
    out: "mgp",
    open: "mgp",
  },
  gate: { "signed-by": "mgp" },
  ranges: {
    layer: "mgp",
    prompt: "",
    "prompt-ids": "",
    raw: "",
    tokenizer: "",
    bound: "g",
    weights: "g",
    tokens: "g",
    "max-seq": "g",
    seed: "g",
    role: "g",
    interface: "g",
    clamp: "g",
    "engine-safe": "g",
  },
};

const commandOf = async (name: string): Promise<Command> => await COMMANDS[name]!.load();

/** The option with a value that it takes, and with what it needs beside it. */
function words(options: Command["options"], name: string): readonly string[] {
  const option = options[name]!;
  const beside = option.with?.[0];
  return [...word(name, option), ...(beside === undefined ? [] : word(beside, options[beside]!))];
}

function word(name: string, option: Option): readonly string[] {
  switch (option.kind) {
    case "flag":
      return [`--${name}`];
    case "whole":
      return [`--${name}`, `${option.min}`];
    case "choice":
      return [`--${name}`, option.values[0]!];
    case "form":
    case "forms":
      return [`--${name}`, option.like.split(" or ")[0]!];
    default:
      return [`--${name}`, "/nonexistent"];
  }
}

describe.each(Object.keys(USES))("%s", (name) => {
  test("has a row for each of its options", async () => {
    expect(Object.keys((await commandOf(name)).options).sort()).toEqual(Object.keys(USES[name]!).sort());
  });

  const cells = Object.entries(USES[name]!).flatMap(([option, meant]) =>
    (Object.keys(OPERANDS) as Kind[]).map((kind) => [option, kind, meant.includes(kind)] as const),
  );
  test.each(cells)("--%s for %s: %s", async (option, kind, meant) => {
    const command = await commandOf(name);
    const operands = Array<string>(command.arity[0]).fill(OPERANDS[kind]);
    // What an option needs beside it may be for the model alone.
    const beside = command.options[option]!.with?.[0];
    if (beside !== undefined && command.options[beside]!.for && kind !== "m") return;
    const parse = () => parseCommandLine(command, [...operands, ...words(command.options, option)]);
    if (meant) expect(parse).not.toThrow();
    else
      expect(parse).toThrow(
        new RegExp(`^--${option} does nothing for ${operands.join(" and ").replaceAll(".", "\\.")}$`),
      );
  });
});

describe("an option beside others", () => {
  const sample: Command = {
    name: "sample",
    operands: "TARGET",
    arity: [1, 2],
    needs: "a target",
    example: "g.ts",
    options: {
      layer: { kind: "whole", value: "N", min: 0, help: "layer", for: ["model"] },
      size: { kind: "whole", value: "N", min: 0, help: "size", for: ["flexible package"] },
      made: { kind: "flag", help: "made", without: ["file"] },
      file: { kind: "file", help: "file" },
      loose: { kind: "flag", help: "loose", with: ["file", "layer"] },
      role: { kind: "forms", value: "A=B", form: /=/, like: "a=b", help: "roles" },
    },
    run: async () => 0,
  };
  test.each<[argv: readonly string[], message: string]>([
    [["g.ts", "--loose"], "--loose does nothing without --file or --layer"],
    [["g.ts", "--made", "--file", "f"], "--made does nothing beside --file"],
    [["g.ts", "h.ts", "--layer", "1"], "--layer does nothing for g.ts and h.ts"],
    [["x.mlmodel", "--layer", "1"], "--layer does nothing for x.mlmodel"],
  ])("%j is refused", (argv, message) => {
    expect(() => parseCommandLine(sample, argv)).toThrow(expect.objectContaining({ name: "UserError", message }));
  });

  test("does something where one of the operands is of its kind, and is not judged for a word that is none", () => {
    for (const argv of [
      ["g.ts", "phi4-mini", "--layer", "1"],
      ["phi4mini", "--layer", "1"],
      ["g.ts", "--loose", "--file", "f"],
    ])
      expect(() => parseCommandLine(sample, argv)).not.toThrow();
  });

  test("is judged again when a package turns out to be of fixed size", () => {
    const args = parseCommandLine(sample, ["x.mlpackage", "--size", "3"]);
    expect(() => args.settle("x.mlpackage", ["package", "flexible package"])).not.toThrow();
    expect(() => args.settle("x.mlpackage", ["package"])).toThrow("--size does nothing for x.mlpackage");
  });

  test("may be repeated where it is declared so", () => {
    const args = parseCommandLine(sample, ["g.ts", "--role", "a=b", "--role", "c=d"]);
    expect([args.texts("role"), args.texts("file"), args.given("role")]).toEqual([["a=b", "c=d"], [], true]);
  });
});
