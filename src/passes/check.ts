/** The checks that hold for every graph, whoever made it: types re-inferred from the declarations, names, interface. */
import { GraphError, type Note } from "../dsl/error.ts";
import { type Graph, schedule } from "../dsl/graph.ts";
import { typeOfPart } from "../dsl/op.ts";
import { infoOf, mapOperands } from "../dsl/operands.ts";
import { opTable } from "../dsl/ops/index.ts";
import { type OpDef, operandsOf, type Tensor } from "../dsl/tensor.ts";
import { sameType, show, sizeOf } from "../dsl/type.ts";

/**
 * Re-infers every type of the graph and compares it with the one stored.
 * @throws GraphError at the first value that is not what its op says.
 */
export function checkTypes(graph: Graph): void {
  for (const value of schedule(graph)) {
    if (value.def.kind === "op") checkOp(value, value.def);
    if (value.def.kind === "const" && value.def.data.length !== sizeOf(value.type.shape)) {
      throw new GraphError(`const: ${value.def.data.length} numbers for ${show(value.type)}`, value.site);
    }
  }
}

function checkOp(value: Tensor, def: OpDef): void {
  const op = opTable.get(def.op);
  if (!op) throw new GraphError(`there is no op "${def.op}"`, value.site, notesOf(def));
  const type = typeOfPart(op.spec, mapOperands(def.operands, infoOf), def.attrs, def.part ?? 0);
  if (typeof type === "string") throw new GraphError(`${def.op}: ${type}`, value.site, notesOf(def));
  if (!sameType(type, value.type)) {
    throw new GraphError(`${def.op}: stored as ${show(value.type)}, but it is ${show(type)}`, value.site, notesOf(def));
  }
}

const notesOf = (def: OpDef): readonly Note[] =>
  operandsOf(def).map((x, i) => ({ label: x.name ?? `operand ${i}`, type: show(x.type), site: x.site }));
