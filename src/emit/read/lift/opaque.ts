/** Ops whose meaning graphc does not know. Where a graph is only looked at, their results are values that come from outside. */
import { opTable } from "../../../dsl/ops/index.ts";
import { nowhere } from "../../../dsl/site.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { MilOperation } from "../../mil/records.ts";
import { refuse, type Where } from "../decode/value.ts";
import { isCompressed } from "./compressed.ts";
import { showMilType } from "./declared.ts";
import { type FunctionScope, isNoConstant, operandOf } from "./scope.ts";
import { graphDtype } from "./value.ts";

/** An op that was not read, and what stands for it in the graph. */
export interface OpaqueOp {
  readonly op: MilOperation;
  /** Ends a sentence about it. */
  readonly why: string;
  /** What it takes: outputs of the graph, so that what leads to it is looked at. */
  readonly operands: readonly Tensor[];
  /** What it gives: inputs of the graph. */
  readonly results: readonly Tensor[];
}

/** Read by `lift` itself. */
const OWN: ReadonlySet<string> = new Set(["const", "read_state", "write_state", "shape"]);

/** Why an op cannot be read, as the end of a sentence about it; undefined where it may be. */
export function unknownOf(op: MilOperation, scope: FunctionScope): string | undefined {
  const { type, blocks, inputs } = op;
  if (blocks.length > 0) return "has nested blocks; graphs have no control flow";
  if (OWN.has(type) || isCompressed(op)) return undefined;
  const entry = opTable.get(type);
  if (!entry) return "is an op unknown to graphc";
  const computed = Object.entries(inputs).find(
    ([key, args]) =>
      !Object.hasOwn(entry.spec.operands, key) && args.some((x) => "name" in x && isComputed(x.name, scope)),
  );
  return computed && isNoConstant(computed[0]);
}

/** Whether a name stands for a value that is no number yet: sizes are. */
function isComputed(name: string, { bound, ofSizes }: FunctionScope): boolean {
  const found = bound.get(name);
  return found?.kind === "value" && !ofSizes.has(found.value.def);
}

/**
 * Binds the results of such an op to inputs of their declared types. Operands that are states by name only are left out.
 * @throws UserError for a result of open size, or of a type that graphs do not have
 */
export function bindOpaque(op: MilOperation, why: string, scope: FunctionScope, where: Where): OpaqueOp {
  const results = op.outputs.map(({ name, type }): Tensor => {
    const sized = type.kind === "tensor" && type.shape.every((n) => n !== undefined);
    if (!sized) throw refuse(where, `${why}, and gives "${name}" as ${showMilType(type)}`);
    const dtype = graphDtype(type.dtype, `${where}, output "${name}"`);
    return {
      type: { dtype, shape: type.shape as readonly number[] },
      def: { kind: "input", name },
      name,
      site: nowhere,
    };
  });
  for (const value of results) scope.bound.set(value.name!, { kind: "value", value });
  const values = takenBy(op).filter((name) => scope.bound.get(name)?.kind === "value");
  return { op, why, operands: values.map((name) => operandOf({ name }, scope, where)), results };
}

/** Names that an op takes, or that blocks in it use. */
const takenBy = ({ inputs, blocks }: MilOperation): readonly string[] => [
  ...Object.values(inputs).flatMap((list) => list.flatMap((x) => ("name" in x ? [x.name] : []))),
  ...blocks.flatMap(({ operations, outputs }) => [...operations.flatMap(takenBy), ...outputs]),
];
