/** A Core ML program as text to read: small constants stand where they are used, weights show what they refer to. */
import { opTable } from "../../dsl/ops/index.ts";
import { printable } from "../../dsl/printable.ts";
import {
  type BlobRef,
  interfaceIn,
  type MilArgument,
  type MilBlock,
  type MilDim,
  type MilFeature,
  type MilFunction,
  type MilInterface,
  type MilModel,
  type MilNamed,
  type MilOperation,
  type MilTensorType,
  type MilType,
  type MilValue,
} from "./records.ts";

/** How much of a program is printed. */
export interface MilTextOptions {
  /** A short hash of a blob, where its file is at hand. */
  hashOf?(blob: BlobRef, type: MilTensorType): string | undefined;
}

/** Constants of up to this many elements are printed inside their users. */
const INLINE_ELEMENTS = 8;
/** How many elements of a longer literal are shown. */
const SHOWN_ELEMENTS = 8;

/** The whole model: its functions, each with its interface. */
export function printMil(model: MilModel, options: MilTextOptions = {}): string {
  const { specificationVersion, metadata, buildInfo, updatable, functions, defaultFunction } = model;
  const head = [
    `specification version ${specificationVersion}`,
    ...(functions.length > 1 ? [`default function ${defaultFunction}`] : []),
    ...Object.entries(metadata).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
    ...Object.entries(buildInfo ?? {}).map(([key, value]) => `buildInfo.${key} = ${JSON.stringify(value)}`),
    ...(updatable ? ["updatable"] : []),
  ];
  const texts = functions.map((f) => printFunction(f, interfaceIn(model, f.name), options));
  return `${[head.map(printable).join("\n"), ...texts].join("\n\n")}\n`;
}

function printFunction(f: MilFunction, features: MilInterface | undefined, options: MilTextOptions): string {
  const flexible = [...(features?.inputs ?? []), ...(features?.outputs ?? [])].flatMap(printFlexible);
  return [
    ...flexible.map((line) => `// ${line}`),
    `func ${f.name}<${f.opset}>(`,
    ...f.inputs.map((input) => `  ${printNamed(input)},`),
    `) -> (${f.outputs.join(", ")}) {`,
    ...printOperations(f, new Map(), options).map((line) => `  ${line}`),
    "}",
  ]
    .map(printable)
    .join("\n");
}

/** What the description says about a feature beyond its type in the program. */
function printFlexible({ name, dtype, shape, range, enumerated, optional, ...more }: MilFeature): readonly string[] {
  const initial = `${name}: ${dtype}[${shape?.join(",") ?? "?"}]`;
  const left = more.default ? ` (${more.default.value} when left out)` : "";
  const words = optional ? [`${name} is optional${left}`] : left ? [`${name}${left}`] : [];
  return [...printSizes(initial, range, enumerated), ...words];
}

function printSizes(
  initial: string,
  range: MilFeature["range"],
  enumerated: MilFeature["enumerated"],
): readonly string[] {
  const bounds = range?.map(([lower, upper]) =>
    lower === upper ? lower : `${lower}..${upper === Infinity ? "" : upper}`,
  );
  if (bounds) return [`${initial}, sizes [${bounds.join(",")}]`];
  if (enumerated) return [`${initial}, one of ${enumerated.map((one) => `[${one.join(",")}]`).join(" ")}`];
  return [];
}

/**
 * The ops of a block, one line each. `outer` holds the constants of the blocks around it, as they are printed inside
 * their users.
 */
function printOperations(block: MilBlock, outer: ReadonlyMap<string, string>, options: MilTextOptions): string[] {
  const inline = new Map(outer);
  const outputs = new Set(block.outputs);
  const lines: string[] = [];
  for (const op of block.operations) {
    const name = op.outputs[0]?.name ?? "";
    if (op.value && isSmall(op.value) && !outputs.has(name)) inline.set(name, printLiteral(op.value, options));
    else lines.push(...printOperation(op, inline, options));
  }
  return lines;
}

const isSmall = (value: MilValue): boolean => "data" in value && value.data.length <= INLINE_ELEMENTS;

function printOperation(op: MilOperation, inline: ReadonlyMap<string, string>, options: MilTextOptions): string[] {
  const results = op.outputs.map(printNamed).join(", ");
  if (op.value) return [`${results} = ${printContents(op.value, options)}`];
  const bind = (x: MilArgument) => ("name" in x ? (inline.get(x.name) ?? x.name) : printLiteral(x.value, options));
  const inputs = parametersOf(op).map((key) => {
    const list = op.inputs[key]!.map(bind);
    return `${key} = ${list.length === 1 ? list[0] : `(${list.join(", ")})`}`;
  });
  const call = `${op.type}(${inputs.join(", ")})`;
  const blocks = op.blocks.flatMap((block) => [
    `{ ${block.inputs.map(printNamed).join(", ")}`.trimEnd(),
    ...printOperations(block, inline, options).map((line) => `  ${line}`),
    `} -> (${block.outputs.join(", ")})`,
  ]);
  return [results === "" ? call : `${results} = ${call}`, ...blocks];
}

/** The parameters an op binds, in the order of its declaration; the file has them by the alphabet. */
function parametersOf({ type, inputs }: MilOperation): readonly string[] {
  const spec = opTable.get(type)?.spec;
  const declared = spec ? [...Object.keys(spec.operands), ...Object.keys(spec.attrs)] : ["input"];
  const rank = (key: string) => (declared.includes(key) ? declared.indexOf(key) : declared.length);
  return Object.keys(inputs)
    .toSorted()
    .toSorted((a, b) => rank(a) - rank(b));
}

const printNamed = ({ name, type }: MilNamed): string => `${name}: ${printType(type)}`;

/** `fp16[1,8,?,1]`, or `state<fp16[1,2,16,4]>`. */
function printType(type: MilType): string {
  return type.kind === "state"
    ? `state<${printType(type.tensor)}>`
    : `${type.dtype}[${type.shape.map(printDim).join(",")}]`;
}

const printDim = (size: MilDim): string => (size === undefined ? "?" : `${size}`);

/** A literal inside an op: a scalar or short vector as such, anything else with its type. */
function printLiteral(value: MilValue, options: MilTextOptions): string {
  const contents = printContents(value, options);
  const plain = "data" in value && value.type.shape.length < 2;
  return plain ? contents : `${printType(value.type)} ${contents}`;
}

/** The elements, of a long literal the first ones; for a blob its place and hash. */
function printContents(value: MilValue, { hashOf }: MilTextOptions): string {
  if ("blob" in value) {
    const hash = hashOf?.(value.blob, value.type);
    const file = value.blob.fileName.split("/").at(-1);
    return `@ ${file}:${value.blob.offset}${hash ? ` sha256 ${hash}` : ""}`;
  }
  const { type, data } = value;
  // Of the elements alone that are shown: a literal may be long.
  const shown = Array.from({ length: Math.min(data.length, SHOWN_ELEMENTS) }, (_, i) => data[i]!);
  const texts = shown.map((x) => printElement(x, type.dtype)).join(", ");
  if (type.shape.length === 0) return texts;
  return `[${texts}${data.length > SHOWN_ELEMENTS ? `, … ${data.length} in all` : ""}]`;
}

/** Floats keep a point, so that `1.0` and `1` tell their types apart. */
function printElement(x: number | string, dtype: string): string {
  if (typeof x === "string") return JSON.stringify(x);
  if (dtype === "bool") return x ? "true" : "false";
  const text = Object.is(x, -0) ? "-0" : `${x}`;
  return /^(fp|bf)/.test(dtype) && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
