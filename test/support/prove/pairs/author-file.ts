/** A pair of graphs as an author's file: the block where T is its number of tokens, the step where T is 1. */
import { type Graph, schedule } from "../../../../src/dsl/graph.ts";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import { opTable } from "../../../../src/dsl/ops/index.ts";
import type { OpDef, Tensor } from "../../../../src/dsl/tensor.ts";

/** The file, with `comment` on top. */
export function authorFile({ block, step }: Graphs, comment: string): string {
  const ops = [...new Set([block, step].flatMap(opNames))].sort();
  const names = ["constant", "graph", "input", "state", "weight", ...ops];
  return [
    ...comment.split("\n").map((line) => `// ${line}`),
    `import { ${names.join(", ")} } from "graphc";`,
    "const block = (): any => {",
    ...body(block),
    "};",
    "const step = (): any => {",
    ...body(step),
    "};",
    "export default ({ tokens }: any) => (tokens === 1 ? step() : block());",
    "",
  ].join("\n");
}

const opNames = (g: Graph): readonly string[] => schedule(g).flatMap(({ def }) => (def.kind === "op" ? [def.op] : []));

function body(g: Graph): readonly string[] {
  const at = new Map<Tensor, string>();
  const lines = schedule(g).map((value, n) => {
    at.set(value, `v${n}`);
    return `  const v${n}: any = ${made(value, (x) => at.get(x)!)};`;
  });
  const list = (xs: readonly Tensor[]) => `[${xs.map((x) => at.get(x)).join(", ")}]`;
  const states = g.states.map(({ entry, exit }) => list([entry, exit])).join(", ");
  const outputs = Object.entries(g.outputs).map(([name, x]) => `[${JSON.stringify(name)}]: ${at.get(x)}`);
  return [
    ...lines,
    `  return graph({ name: ${JSON.stringify(g.name)}, inputs: ${list(g.inputs)}, states: [${states}], outputs: { ${outputs.join(", ")} } });`,
  ];
}

function made({ def, type }: Tensor, name: (x: Tensor) => string): string {
  const shape = JSON.stringify(type.shape);
  switch (def.kind) {
    case "input":
      return `input(${JSON.stringify(def.name)}, ${shape}, "${type.dtype}")`;
    case "state":
      return `state(${JSON.stringify(def.name)}, ${shape})`;
    case "const":
      return `constant(${JSON.stringify(Array.from(def.data))}, ${shape}, "${type.dtype}")`;
    case "weight":
      return `weight(${JSON.stringify(def.source.from === "checkpoint" ? def.source.tensor : "")}, ${shape})`;
    case "op":
      return opText(def, name);
  }
}

function opText({ op, operands, attrs }: OpDef, name: (x: Tensor) => string): string {
  const { spec } = opTable.get(op)!;
  const operand = (key: string) => {
    const x = operands[key]!;
    return Array.isArray(x) ? `[${x.map(name).join(", ")}]` : name(x as Tensor);
  };
  const required = Object.keys(spec.operands).filter((key) => !spec.operands[key]!.optional);
  const rest = Object.keys(operands).filter((key) => !required.includes(key));
  const options = [
    ...rest.map((key) => `${key}: ${operand(key)}`),
    ...Object.entries(attrs).map(([k, v]) => `${k}: ${JSON.stringify(v)}`),
  ];
  return `${op}(${[...required.map(operand), ...(options.length > 0 ? [`{ ${options.join(", ")} }`] : [])].join(", ")})`;
}
