/**
 * The contents of a Core ML ML Program as plain records: what the protobuf messages say, without their wrapping. The
 * emitter makes them from a graph, the reader from a file; text, diff and goldens are printed from them.
 */
import type { DType, TensorType } from "../../dsl/type.ts";

/** A size, or undefined for a flexible one. */
export type MilDim = number | undefined;

/** Every element type a file may name. Those beyond `DType` are read and printed, and refused where a graph is made. */
export type MilDType = DType | "string" | "fp64" | "bf16" | "int64" | "uint32" | "uint64" | "fp8e4m3fn" | "fp8e5m2";

/** A tensor type as the file may name it: unlike `TensorType` it can leave sizes open. */
export interface MilTensorType {
  readonly kind: "tensor";
  readonly dtype: MilDType;
  readonly shape: readonly MilDim[];
}

/** The type of a graph in the terms of the file. */
export const milType = ({ dtype, shape }: TensorType): MilTensorType => ({ kind: "tensor", dtype, shape });

/** The type of a value in a program; states hold a tensor and are read and written by ops of their own. */
export type MilType = MilTensorType | { readonly kind: "state"; readonly tensor: MilTensorType };

/** A literal in the file: immediate elements (strings for dtype string), or a reference into a weight file. */
export type MilValue =
  | {
      readonly type: MilTensorType;
      readonly data: ArrayLike<number> | readonly string[];
      /** As stored, where the elements do not tell it: the payload of a NaN, bits that no element uses. */
      readonly bytes?: Uint8Array;
    }
  | { readonly type: MilTensorType; readonly blob: BlobRef };

/** `BlobFileValue` of MIL.proto. */
export interface BlobRef {
  /** As written in the file, such as `@model_path/weights/weight.bin`. */
  readonly fileName: string;
  /** Byte offset of the blob's 64-byte metadata record. */
  readonly offset: number;
}

/** What a parameter is bound to: an earlier value by name, or a literal inside the op. */
export type MilArgument = { readonly name: string } | { readonly value: MilValue };

/** A result of an op, or an input of a function or block (`NamedValueType` of MIL.proto). */
export interface MilNamed {
  readonly name: string;
  readonly type: MilType;
}

/** `Operation` of MIL.proto. */
export interface MilOperation {
  /** `conv`, `const`, `read_state`, … */
  readonly type: string;
  /** The `name` attribute; usually the name of the first output. Empty where the file has none. */
  readonly name: string;
  /** Bindings by parameter; a list operand has several. */
  readonly inputs: Readonly<Record<string, readonly MilArgument[]>>;
  readonly outputs: readonly MilNamed[];
  /** The value of a const op. */
  readonly value?: MilValue;
  /** Those of `inputs` that the file holds as attributes, as the compressed-weight ops of iOS 16 do. */
  readonly attributes?: readonly string[];
  /** Nested blocks of control flow. */
  readonly blocks: readonly MilBlock[];
}

/** `Block` of MIL.proto. Operations are in an order in which every name is made before it is used. */
export interface MilBlock {
  readonly inputs: readonly MilNamed[];
  readonly operations: readonly MilOperation[];
  readonly outputs: readonly string[];
}

/** `Function` of MIL.proto with the one block of its opset. */
export interface MilFunction extends MilBlock {
  readonly name: string;
  /** `CoreML8` for iOS 18. */
  readonly opset: string;
  readonly attributes?: Readonly<Record<string, MilValue>>;
  /** Blocks for other opsets than its own, which nothing runs. */
  readonly specializations?: Readonly<Record<string, MilBlock>>;
}

/** One input, output or state as the model's description announces it. */
export interface MilFeature {
  readonly name: string;
  readonly dtype: MilDType;
  /** Default shape; absent for outputs of flexible size. */
  readonly shape?: readonly number[];
  /** Per axis the inclusive bounds, for a flexible input; no upper bound is Infinity. */
  readonly range?: readonly (readonly [lower: number, upper: number])[];
  readonly enumerated?: readonly (readonly number[])[];
  /** The caller may leave it out. */
  readonly optional?: true;
  /** What every element is then. `kind` is the member of the message that holds it. */
  readonly default?: { readonly kind: "int" | "float" | "double"; readonly value: number };
  /** Of the author, for people. */
  readonly description?: string;
}

/** What the description promises of a function: all that Core ML shows of it. */
export interface MilInterface {
  readonly inputs: readonly MilFeature[];
  readonly outputs: readonly MilFeature[];
  readonly states: readonly MilFeature[];
  readonly predictedFeature?: string;
  readonly predictedProbabilities?: string;
}

/** What people are told of a model: `Metadata` of Model.proto but for its user metadata. */
export interface MilAbout {
  readonly shortDescription: string;
  readonly version: string;
  readonly author: string;
  readonly license: string;
}

/**
 * `Model` of Model.proto, as far as it is an ML Program. What is optional is absent where the file says nothing, or says
 * what the emitter would.
 */
export interface MilModel {
  readonly specificationVersion: number;
  readonly functions: readonly MilFunction[];
  /** Interface of each function, by its name. */
  readonly interfaces: Readonly<Record<string, MilInterface>>;
  readonly defaultFunction: string;
  /** User metadata of the description. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly about?: MilAbout;
  /** Where the interfaces are described; absent for the usual place, see `usualLayout`. */
  readonly layout?: MilLayout;
  /** The description's name of the default function, where it is not the usual one: see `usualDefaultName`. */
  readonly defaultName?: string;
  readonly updatable?: true;
  readonly trainingInputs?: readonly MilFeature[];
  /** What tool wrote the program. */
  readonly buildInfo?: Readonly<Record<string, string>>;
  /** Of the program, for people. */
  readonly docString?: string;
}

/** The description tells of the model as a whole, of each function by name, or is missing. */
export type MilLayout = "model" | "functions" | "none";

/** A package of one function `main` announces it at the top; any other lists its functions (spec version 9). */
export const usualLayout = (names: readonly string[]): MilLayout =>
  names.length === 1 && names[0] === "main" ? "model" : "functions";

/** The name of the default function stands beside a list of functions alone. */
export const usualDefaultName = (layout: MilLayout, defaultFunction: string): string =>
  layout === "functions" ? defaultFunction : "";

/** The function that a description of the model as a whole is about. */
export const wholeFunction = (names: readonly string[]): string => (names.includes("main") ? "main" : names[0]!);

/** What the description says of a function. */
export const interfaceIn = ({ interfaces }: MilModel, name: string): MilInterface | undefined =>
  Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;

/** The opset of iOS 18 and macOS 15, the first with states. */
export const OPSET = "CoreML8";
/** Its version of the model format. */
export const SPECIFICATION_VERSION = 9;
/** Key of the user metadata that holds the graph's name. */
export const GRAPH_NAME = "graphc.graph";

/** Where the metadata of a model say which inputs are caches that the host keeps, as JSON. */
export const HOST_CACHES = "graphc.caches";
/** The weight file as the model names it; `@model_path` is the folder of model.mlmodel. */
export const WEIGHT_FILE = "@model_path/weights/weight.bin";

/**
 * Whether an op is the copy that the emitter puts between a value and an output of the function (see `lower`). Its
 * name attribute tells it from an identity that the author wrote; a reader leaves it out.
 */
export const isOutputCopy = ({ type, name, outputs }: MilOperation): boolean =>
  type === "identity" && name === outputCopyName(outputs[0]!.name);
/** The name attribute of that copy. */
export const outputCopyName = (output: string): string => `${output}_output_copy`;
