/** Bytes of a model.mlmodel to records: everything coremltools writes for an ML Program, in the file's own order. */
import { namesConstexpr } from "../../../dsl/traits.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type {
  Argument,
  Block,
  Function as FunctionMessage,
  NamedValueType,
  Operation,
  Program,
  Value,
} from "../../mil/gen/MIL_pb.js";
import type { Model } from "../../mil/gen/Model_pb.js";
import type {
  MilArgument,
  MilBlock,
  MilFunction,
  MilModel,
  MilNamed,
  MilOperation,
  MilValue,
} from "../../mil/records.ts";
import { decodeBuildInfo, decodeDescription } from "./description.ts";
import { parseModel } from "./parse.ts";
import { decodeType, decodeValue, refuse, refuseAttributes, type Where } from "./value.ts";

/** Kinds of model that are not ML Programs, by their field in the Model message. */
const OTHER_KINDS: Readonly<Record<number, string>> = {
  200: "pipeline classifier",
  201: "pipeline regressor",
  202: "pipeline",
  300: "linear regressor",
  303: "neural network regressor",
  403: "neural network classifier",
  500: "neural network",
  555: "custom model",
  560: "linked model",
  900: "identity model",
};

/** Each is looked up by its name in the description and among the others. */
const MOST_FUNCTIONS = 1024;

/**
 * Reads the bytes of a serialised Model.
 * @throws UserError when they are not one, are another kind of model, or hold what a record cannot say. The text
 * does not name the file: `readPackage` puts it in front.
 */
export function decodeModel(bytes: Uint8Array): MilModel {
  const { message, stranger } = parseModel(bytes);
  const program = programOf(message);
  const names = Object.keys(program.functions);
  if (names.length === 0) throw new UserError("the program has no function");
  if (names.length > MOST_FUNCTIONS)
    throw new UserError(`the program has ${names.length} functions; graphc reads up to ${MOST_FUNCTIONS}`);
  const model = {
    specificationVersion: message.specificationVersion,
    functions: names.map((name) => decodeFunction(name, program.functions[name]!)),
    ...decodeDescription(message.description, names),
    ...(message.isUpdatable ? { updatable: true as const } : {}),
    ...decodeBuildInfo(program.attributes),
    ...(program.docString ? { docString: program.docString } : {}),
  };
  if (stranger !== undefined) throw new UserError(stranger);
  return model;
}

function programOf(message: Model): Program {
  if (message.Type.case === "mlProgram") {
    const { version } = message.Type.value;
    if (version !== 1n) throw new UserError(`the program has version ${version}; graphc reads version 1`);
    return message.Type.value;
  }
  const kind = message.$unknown?.map((field) => OTHER_KINDS[field.no]).find((name) => name !== undefined);
  if (kind)
    throw new UserError(`this is a ${kind}; graphc reads ML Programs`, 'convert it with convert_to="mlprogram"');
  throw new UserError("this is not a Core ML model with an ML Program in it");
}

function decodeFunction(name: string, message: FunctionMessage): MilFunction {
  const where = `function "${name}"`;
  const { opset } = message;
  const block = Object.hasOwn(message.blockSpecializations, opset) ? message.blockSpecializations[opset] : undefined;
  if (!block) throw refuse(where, `has no block for its opset "${opset}"`);
  const [stray] = block.inputs;
  if (stray) throw refuse(where, `has a block with an input of its own, "${stray.name}"`);
  const inputs = message.inputs.map((x) => decodeNamed(x, where));
  const spare = Object.entries(message.blockSpecializations).filter(([key]) => key !== opset);
  const blocks = spare.map(([key, other]) => [key, decodeBlock(other, `${where}, block "${key}"`)] as const);
  const attributes = decodeValues(message.attributes, where);
  return {
    name,
    opset,
    ...decodeBlock(block, where),
    inputs,
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    ...(blocks.length > 0 ? { specializations: Object.fromEntries(blocks) } : {}),
  };
}

const decodeValues = (values: Readonly<Record<string, Value>>, where: Where): Readonly<Record<string, MilValue>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, decodeValue(value, `${where}, "${key}"`)]));

function decodeBlock(block: Block, where: Where): MilBlock {
  refuseAttributes(block.attributes, where);
  return {
    inputs: block.inputs.map((x) => decodeNamed(x, where)),
    operations: block.operations.map((op, i) => decodeOperation(op, i, where)),
    outputs: block.outputs,
  };
}

const decodeNamed = ({ name, type }: NamedValueType, where: Where): MilNamed => ({
  name,
  type: decodeType(type, `${where}, value "${name}"`),
});

/** Where an operation stands; operations are counted from 1. */
export const whereOp = (block: Where, index: number, type: string, name: string): Where =>
  `${block}, op ${index + 1} (${type} "${name}")`;

function decodeOperation(op: Operation, index: number, block: Where): MilOperation {
  const name = operationName(op, block);
  const where = whereOp(block, index, op.type, name || (op.outputs[0]?.name ?? ""));
  // The compressed-weight ops of iOS 16 keep their operands in attributes; as records they are inline values.
  const isConstexpr = namesConstexpr(op.type);
  const attributes = Object.keys(op.attributes).filter((key) => key !== "name");
  const stray = attributes.find((key) => !isConstexpr && !(op.type === "const" && key === "val"));
  if (stray !== undefined) throw refuse(where, `has the attribute "${stray}", which is unknown`);
  const inline = isConstexpr ? attributes.map((key) => [key, [{ value: decodeValue(op.attributes[key], where) }]]) : [];
  const twice = attributes.find((key) => isConstexpr && Object.hasOwn(op.inputs, key));
  if (twice !== undefined) throw refuse(where, `has "${twice}" both as an attribute and as an operand`);
  return {
    type: op.type,
    name,
    inputs: { ...decodeInputs(op, where), ...Object.fromEntries(inline) },
    outputs: op.outputs.map((x) => decodeNamed(x, where)),
    ...(op.type === "const" ? { value: decodeValue(op.attributes.val, where) } : {}),
    ...(inline.length > 0 ? { attributes: attributes.toSorted() } : {}),
    blocks: op.blocks.map((nested, n) => decodeBlock(nested, `${where}, block ${n + 1}`)),
  };
}

/** Empty where there is none. */
function operationName(op: Operation, block: Where): string {
  if (!op.attributes.name) return "";
  const value = decodeValue(op.attributes.name, block);
  const text = value.type.shape.length === 0 && "data" in value ? value.data[0] : undefined;
  if (typeof text === "string" && text !== "") return text;
  throw refuse(block, `an op of type ${op.type} has a name that is no text`);
}

const decodeInputs = (op: Operation, where: Where): Readonly<Record<string, readonly MilArgument[]>> =>
  Object.fromEntries(Object.entries(op.inputs).map(([key, argument]) => [key, decodeArgument(key, argument, where)]));

function decodeArgument(key: string, argument: Argument, where: Where): readonly MilArgument[] {
  return argument.arguments.map(({ binding }) => {
    if (binding.case === "name") return { name: binding.value };
    if (binding.case === "value") return { value: decodeValue(binding.value, `${where}, parameter "${key}"`) };
    throw refuse(where, `binds nothing to "${key}"`);
  });
}
