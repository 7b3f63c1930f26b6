/** Sizes that a program asks for: with every size chosen they are numbers, and so is what is computed of them. */
import { constantOf, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { MilOperation } from "../../mil/records.ts";
import type { Where } from "../decode/value.ts";
import { knownElements } from "./known-elements.ts";
import { soleArgument } from "./own.ts";
import { type FunctionScope, operandOf } from "./scope.ts";

/** Elements of a value that is computed of sizes; what is larger stays an op. */
const MOST_OF_SIZES = 2 ** 12;

/** The result of `shape`: the sizes of its operand as int32. @throws UserError where it has none */
export function sizesOf(op: MilOperation, scope: FunctionScope, where: Where): Tensor {
  const { shape } = operandOf(soleArgument(op, "x", where), scope, where).type;
  return known(constantOf(shape, { dtype: "int32", shape: [shape.length] }), scope);
}

/** An op over constants, of which sizes are one, as the constant that it is; any other value as it is. @throws GraphError */
export function foldedSizes(value: Tensor, scope: FunctionScope): Tensor {
  const { def, type } = value;
  if (def.kind !== "op" || sizeOf(type.shape) > MOST_OF_SIZES) return value;
  const operands = operandsOf(def);
  const isOfSizes = operands.every((x) => x.def.kind === "const") && operands.some((x) => scope.ofSizes.has(x.def));
  return isOfSizes ? known(constantOf(knownElements(value), type), scope) : value;
}

function known(value: Tensor, { ofSizes }: FunctionScope): Tensor {
  ofSizes.add(value.def);
  return value;
}
