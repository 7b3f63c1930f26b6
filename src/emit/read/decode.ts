/** Bytes of a model.mlmodel to records: everything coremltools writes for an ML Program, in the file's own order. */
import { fromBinary } from "@bufbuild/protobuf";
import { namesConstexpr } from "../../dsl/traits.ts";
import { UserError } from "../../dsl/user-error.ts";
import type {
  Argument,
  Block,
  Function as FunctionMessage,
  NamedValueType,
  Operation,
  Program,
} from "../mil/gen/MIL_pb.js";
import { type Model, type ModelDescription, ModelSchema } from "../mil/gen/Model_pb.js";
import type {
  MilArgument,
  MilBlock,
  MilFunction,
  MilInterface,
  MilModel,
  MilNamed,
  MilOperation,
} from "../mil/records.ts";
import { decodeInterface } from "./decode-interface.ts";
import { decodeType, decodeValue, refuse, type Where } from "./decode-value.ts";

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

/**
 * Reads the bytes of a serialised Model.
 * @throws UserError when they are not one, are another kind of model, or hold what a record cannot say. The text
 * does not name the file: `readPackage` puts it in front.
 */
export function decodeModel(bytes: Uint8Array): MilModel {
  const message = parse(bytes);
  const program = programOf(message);
  const names = Object.keys(program.functions);
  if (names.length === 0) throw new UserError("the program has no function");
  const { description } = message;
  return {
    specificationVersion: message.specificationVersion,
    functions: names.map((name) => decodeFunction(name, program.functions[name]!)),
    interfaces: interfacesOf(description, names),
    defaultFunction: description?.defaultFunctionName || (names.includes("main") ? "main" : names[0]!),
    metadata: { ...description?.metadata?.userDefined, ...buildInfo(program) },
  };
}

function parse(bytes: Uint8Array): Model {
  try {
    return fromBinary(ModelSchema, bytes);
  } catch (error) {
    throw new UserError(`this is not a Core ML model: ${(error as Error).message}`);
  }
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

/** One interface a function. A package with several functions describes each; otherwise the description is the one's. */
function interfacesOf(
  description: ModelDescription | undefined,
  names: readonly string[],
): Readonly<Record<string, MilInterface>> {
  if (!description) return {};
  if (description.functions.length > 0)
    return Object.fromEntries(description.functions.map((f) => [f.name, decodeInterface(f)]));
  return { [names.includes("main") ? "main" : names[0]!]: decodeInterface(description) };
}

/** What tool wrote the program: the one program attribute that coremltools writes, under keys `buildInfo.<key>`. */
function buildInfo(program: Program): Readonly<Record<string, string>> {
  const { value: is } = program.attributes.buildInfo ?? { value: { case: undefined } };
  if (is.case !== "immediateValue" || is.value.value.case !== "dictionary") return {};
  return Object.fromEntries(
    is.value.value.value.values.flatMap(({ key, value }) => {
      const [name, text] = [decodeValue(key, "buildInfo"), decodeValue(value, "buildInfo")];
      return "data" in name && "data" in text ? [[`buildInfo.${name.data[0]}`, String(text.data[0])]] : [];
    }),
  );
}

function decodeFunction(name: string, message: FunctionMessage): MilFunction {
  const where = `function "${name}"`;
  const block = message.blockSpecializations[message.opset];
  if (!block) throw refuse(where, `has no block for its opset "${message.opset}"`);
  const inputs = message.inputs.map((x) => decodeNamed(x, where));
  return { name, opset: message.opset, ...decodeBlock(block, where), inputs };
}

function decodeBlock(block: Block, where: Where): MilBlock {
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
  const where = whereOp(block, index, op.type, name);
  // The compressed-weight ops of iOS 16 keep their operands in attributes; as records they are inline values.
  const isConstexpr = namesConstexpr(op.type);
  const attributes = Object.keys(op.attributes).filter((key) => key !== "name");
  const stray = attributes.find((key) => !isConstexpr && !(op.type === "const" && key === "val"));
  if (stray !== undefined) throw refuse(where, `has the attribute "${stray}", which is unknown`);
  const inline = isConstexpr ? attributes.map((key) => [key, [{ value: decodeValue(op.attributes[key], where) }]]) : [];
  return {
    type: op.type,
    name,
    inputs: { ...decodeInputs(op, where), ...Object.fromEntries(inline) },
    outputs: op.outputs.map((x) => decodeNamed(x, where)),
    ...(op.type === "const" ? { value: decodeValue(op.attributes.val, where) } : {}),
    blocks: op.blocks.map((nested, n) => decodeBlock(nested, `${where}, block ${n + 1}`)),
  };
}

function operationName(op: Operation, block: Where): string {
  const value = op.attributes.name ? decodeValue(op.attributes.name, block) : undefined;
  const given = value && "data" in value ? value.data[0] : undefined;
  return typeof given === "string" ? given : (op.outputs[0]?.name ?? "");
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
