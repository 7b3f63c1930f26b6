/** Attributes: the parameters of an op that are literals in the graph, each a MIL constant in the file. */
import { roundTo } from "./number.ts";
import type { Attrs, AttrValue } from "./tensor.ts";
import type { DType, TensorType } from "./type.ts";

/** How an attribute is written and stored. `axis` and `axes` are int32 that may be given from the end. */
export type AttrKind = "int32" | "int32[]" | "bool" | "bool[]" | "string" | "float" | "axis" | "axes";

interface AttrTypes {
  int32: number;
  "int32[]": readonly number[];
  bool: boolean;
  "bool[]": readonly boolean[];
  string: string;
  float: number;
  axis: number;
  axes: readonly number[];
}

type Infos = Readonly<Record<string, TensorType | readonly TensorType[]>>;

/** How one attribute is declared: its kind, its default, and what a given value must satisfy. */
export interface AttrSpec<K extends AttrKind = AttrKind> {
  readonly kind: K;
  /** Filled in when the author says nothing, explicit in the file but where it is `unsaid`. No default: it must be given. */
  readonly default?: AttrTypes[K] | ((x: Infos) => AttrTypes[K]);
  /** A computed default in words, for the docs. */
  readonly says?: string;
  /** For strings: the allowed ones. */
  readonly oneOf?: readonly string[];
  /** Operand whose rank counts axes and whose dtype rounds floats; the op's first operand when absent. */
  readonly of?: string;
  /** The dtype of a float that has one of its own. */
  readonly dtype?: DType;
  /** The type of a whole number in the file, where it is not int32. */
  readonly stored?: "uint32";
  /** Whether the default is left out of the file, where it says nothing. */
  readonly unsaid?: (x: Infos, attrs: Attrs) => boolean;
  /** Added to that rank (1 for ops that insert an axis). */
  readonly extraRank?: number;
}
/** The attributes of an op by MIL name, in the order in which they are stored and printed. */
export type AttrSpecs = Readonly<Record<string, AttrSpec>>;
/** What `infer` and `element` see: every attribute, resolved. */
export type AttrValues<A extends AttrSpecs> = { readonly [K in keyof A]: AttrTypes[A[K]["kind"]] };

/** Shorthands for declarations: `attrs: { axis: attr("axis", -1) }`. */
export function attr<K extends AttrKind>(
  kind: K,
  fallback?: AttrSpec<K>["default"],
  more: Omit<AttrSpec<K>, "kind" | "default"> = {},
): AttrSpec<K> {
  return { kind, ...(fallback === undefined ? {} : { default: fallback }), ...more } as AttrSpec<K>;
}

/** Every attribute of the op: given or default, axes counted from the front, floats rounded to the operand's dtype. */
export function resolveAttrs(
  specs: AttrSpecs,
  given: Readonly<Record<string, unknown>>,
  infos: Infos,
  fail: (text: string) => never,
): Attrs {
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => {
      const raw = given[key] ?? (typeof spec.default === "function" ? spec.default(infos) : spec.default);
      if (raw === undefined) fail(`attribute "${key}" is missing`);
      if (!fits(spec.kind, raw)) fail(`attribute "${key}" must be ${describe(spec.kind)}, not ${JSON.stringify(raw)}`);
      if (spec.oneOf && !spec.oneOf.includes(raw as string))
        fail(`"${key}" must be ${spec.oneOf.join(" or ")}, not "${raw}"`);
      return [key, normalize(key, spec, raw as AttrValue, infos, fail)];
    }),
  );
}

const isInt = (x: unknown): boolean => Number.isInteger(x) && Math.abs(x as number) <= 2 ** 31;
const every = (x: unknown, test: (y: unknown) => boolean): boolean => Array.isArray(x) && x.every(test);

function fits(kind: AttrKind, raw: unknown): boolean {
  switch (kind) {
    case "int32":
    case "axis":
      return isInt(raw);
    case "int32[]":
    case "axes":
      return every(raw, isInt);
    case "bool":
      return typeof raw === "boolean";
    case "bool[]":
      return every(raw, (x) => typeof x === "boolean");
    case "string":
      return typeof raw === "string";
    case "float":
      return typeof raw === "number";
  }
}

function describe(kind: AttrKind): string {
  if (kind === "float") return "a number";
  if (kind === "bool" || kind === "string") return `a ${kind === "bool" ? "boolean" : "string"}`;
  if (kind === "bool[]") return "a list of booleans";
  return kind === "int32" || kind === "axis" ? "a whole number" : "a list of whole numbers";
}

function normalize(
  key: string,
  spec: AttrSpec,
  raw: AttrValue,
  infos: Infos,
  fail: (text: string) => never,
): AttrValue {
  const model = [spec.of === undefined ? Object.values(infos)[0] : infos[spec.of]].flat()[0] as TensorType | undefined;
  if (spec.kind === "float") return roundTo(spec.dtype ?? ((model?.dtype ?? "fp32") as DType), raw as number);
  if (spec.kind !== "axis" && spec.kind !== "axes") return raw;
  const rank = (model?.shape.length ?? 0) + (spec.extraRank ?? 0);
  const axes = ([raw].flat() as number[]).map((axis) => {
    if (axis < -rank || axis >= rank) fail(`${key} ${axis} is outside rank ${rank}`);
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(axes).size !== axes.length) fail(`${key} [${axes.join(",")}] names an axis twice`);
  return spec.kind === "axis" ? axes[0]! : axes;
}
