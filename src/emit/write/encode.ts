/** Writes the records of an ML Program as the bytes of model.mlmodel. The same records give the same bytes. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeElements } from "../mil/encode-elements.ts";
import type { ArrayFeatureTypeSchema } from "../mil/gen/FeatureTypes_pb.js";
import type {
  BlockSchema,
  DimensionSchema,
  FunctionSchema,
  NamedValueTypeSchema,
  OperationSchema,
  ProgramSchema,
  TensorTypeSchema,
  TensorValueSchema,
  ValueSchema,
  ValueTypeSchema,
} from "../mil/gen/MIL_pb.js";
import {
  type FeatureDescriptionSchema,
  type ModelDescription,
  ModelDescriptionSchema,
  ModelSchema,
} from "../mil/gen/Model_pb.js";
import type {
  MilBlock,
  MilDim,
  MilFeature,
  MilFunction,
  MilInterface,
  MilModel,
  MilNamed,
  MilOperation,
  MilTensorType,
  MilType,
  MilValue,
} from "../mil/records.ts";
import { ARRAY_DATA_TYPE, DATA_TYPE, literalMember } from "../mil/wire.ts";

type Init<Schema extends Parameters<typeof create>[0]> = MessageInitShape<Schema>;

/** The bytes of model.mlmodel. */
export function encodeModel(model: MilModel): Uint8Array {
  const { specificationVersion } = model;
  const mlProgram: Init<typeof ProgramSchema> = {
    version: 1n,
    functions: sortedMap(model.functions.map((f) => [f.name, functionOf(f)])),
  };
  const Type = { case: "mlProgram", value: mlProgram } as const;
  return toBinary(ModelSchema, create(ModelSchema, { specificationVersion, description: descriptionOf(model), Type }));
}

/** Maps are written in the order of their keys: protobuf leaves it open, and the same model must give the same bytes. */
function sortedMap<V>(entries: readonly (readonly [string, V])[]): { [key: string]: V } {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function functionOf(f: MilFunction): Init<typeof FunctionSchema> {
  return {
    inputs: f.inputs.map(namedOf),
    opset: f.opset,
    blockSpecializations: { [f.opset]: { ...blockOf(f), inputs: [] } },
  };
}

function blockOf(block: MilBlock): Init<typeof BlockSchema> {
  return {
    inputs: block.inputs.map(namedOf),
    outputs: [...block.outputs],
    operations: block.operations.map(operationOf),
  };
}

function operationOf(op: MilOperation): Init<typeof OperationSchema> {
  const name: MilValue = { type: { kind: "tensor", dtype: "string", shape: [] }, data: [op.name] };
  return {
    type: op.type,
    inputs: sortedMap(
      Object.entries(op.inputs).map(([key, bindings]) => [key, { arguments: bindings.map(bindingOf) }] as const),
    ),
    outputs: op.outputs.map(namedOf),
    blocks: op.blocks.map(blockOf),
    attributes: { name: literalOf(name), ...(op.value ? { val: literalOf(op.value) } : {}) },
  };
}

function bindingOf(argument: { readonly name: string } | { readonly value: MilValue }) {
  return "name" in argument
    ? { binding: { case: "name", value: argument.name } as const }
    : { binding: { case: "value", value: literalOf(argument.value) } as const };
}

const namedOf = ({ name, type }: MilNamed): Init<typeof NamedValueTypeSchema> => ({ name, type: typeOf(type) });

function typeOf(type: MilType): Init<typeof ValueTypeSchema> {
  return type.kind === "tensor"
    ? { type: { case: "tensorType", value: tensorTypeOf(type) } }
    : { type: { case: "stateType", value: { wrappedType: typeOf(type.tensor) } } };
}

function tensorTypeOf({ dtype, shape }: MilTensorType): Init<typeof TensorTypeSchema> {
  return {
    dataType: DATA_TYPE[dtype],
    rank: BigInt(shape.length),
    dimensions: shape.map(dimensionOf),
  };
}

/** An unknown size is an empty message that must be on the wire. */
function dimensionOf(size: MilDim): Init<typeof DimensionSchema> {
  return size === undefined
    ? { dimension: { case: "unknown", value: {} } }
    : { dimension: { case: "constant", value: { size: BigInt(size) } } };
}

function literalOf(value: MilValue): Init<typeof ValueSchema> {
  const type = typeOf(value.type);
  if ("blob" in value) {
    const { fileName, offset } = value.blob;
    return { type, value: { case: "blobFileValue", value: { fileName, offset: BigInt(offset) } } };
  }
  const tensor = { case: "tensor", value: tensorOf(value.type, value.data) } as const;
  return { type, value: { case: "immediateValue", value: { value: tensor } } };
}

function tensorOf(
  { dtype }: MilTensorType,
  data: ArrayLike<number> | readonly string[],
): Init<typeof TensorValueSchema> {
  if (dtype === "string") return { value: { case: "strings", value: { values: data as string[] } } };
  const numbers = data as ArrayLike<number>;
  switch (literalMember(dtype)) {
    case "bools":
      return { value: { case: "bools", value: { values: Array.from(numbers, Boolean) } } };
    case "ints":
      return { value: { case: "ints", value: { values: Array.from(numbers) } } };
    case "longInts":
      return { value: { case: "longInts", value: { values: Array.from(numbers, BigInt) } } };
    case "floats":
      return { value: { case: "floats", value: { values: Array.from(numbers) } } };
    case "doubles":
      return { value: { case: "doubles", value: { values: Array.from(numbers) } } };
    default:
      return { value: { case: "bytes", value: { values: encodeElements(dtype, numbers) } } };
  }
}

/** A package of one function `main` announces it at the top; any other lists its functions (spec version 9). */
function descriptionOf(model: MilModel): ModelDescription {
  const userDefined = sortedMap(Object.entries(model.metadata));
  const metadata = Object.keys(userDefined).length > 0 ? { metadata: { userDefined } } : {};
  const [only, ...more] = model.functions;
  if (only?.name === "main" && more.length === 0)
    return create(ModelDescriptionSchema, { ...featuresOf(model.interfaces.main!), ...metadata });
  const functions = model.functions.map(({ name }) => ({ name, ...featuresOf(model.interfaces[name]!) }));
  return create(ModelDescriptionSchema, { functions, defaultFunctionName: model.defaultFunction, ...metadata });
}

const featuresOf = (x: MilInterface) => ({
  input: x.inputs.map((feature) => featureOf(feature, "multiArrayType")),
  output: x.outputs.map((feature) => featureOf(feature, "multiArrayType")),
  state: x.states.map((feature) => featureOf(feature, "stateType")),
});

function featureOf(feature: MilFeature, kind: "multiArrayType" | "stateType"): Init<typeof FeatureDescriptionSchema> {
  const array = arrayOf(feature);
  const type =
    kind === "multiArrayType"
      ? ({ case: kind, value: array } as const)
      : ({ case: kind, value: { Type: { case: "arrayType", value: array } } } as const);
  return { name: feature.name, type: { Type: type } };
}

function arrayOf({ dtype, shape, range, enumerated }: MilFeature): Init<typeof ArrayFeatureTypeSchema> {
  const sizes = (list: readonly number[]) => list.map(BigInt);
  const sizeRanges = range?.map(([lower, upper]) => ({
    lowerBound: BigInt(lower),
    // A negative number stands for no bound.
    upperBound: upper === Infinity ? -1n : BigInt(upper),
  }));
  const shapes = enumerated?.map((one) => ({ shape: sizes(one) }));
  const dataType = ARRAY_DATA_TYPE[dtype];
  if (dataType === undefined) throw new RangeError(`${dtype} cannot cross a Core ML interface`);
  return {
    shape: sizes(shape ?? []),
    dataType,
    ...(sizeRanges ? { ShapeFlexibility: { case: "shapeRange", value: { sizeRanges } } as const } : {}),
    ...(shapes ? { ShapeFlexibility: { case: "enumeratedShapes", value: { shapes } } as const } : {}),
  };
}
