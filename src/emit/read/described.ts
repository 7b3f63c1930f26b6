/** A function held against what the description announces of it: Core ML shows the one and runs the other. */
import { UserError } from "../../dsl/user-error.ts";
import {
  interfaceIn,
  type MilFeature,
  type MilFunction,
  type MilInterface,
  type MilModel,
  type MilTensorType,
} from "../mil/records.ts";
import { refuse, type Where } from "./decode/value.ts";
import { matches, showMilType } from "./lift/declared.ts";

/**
 * @throws UserError when the description does not tell of the function, or tells something else than it is: a name, a
 * type or a shape that is not its own, a feature too many or too few, sizes that leave out the default one
 */
export function checkDescribed(model: MilModel, fn: MilFunction): void {
  checkFunctions(model);
  const described = interfaceIn(model, fn.name);
  if (!described) throw new UserError(`the description does not tell of the function "${fn.name}"`);
  for (const role of ROLES) checkRole(role, featuresOf(described, role), typesOf(fn, role), `function "${fn.name}"`);
  checkPredicted(described, fn);
}

/** The names in the description alone. */
function checkFunctions({ functions, interfaces, defaultFunction }: MilModel): void {
  const names = new Set(functions.map(({ name }) => name));
  const stray = [...Object.keys(interfaces), defaultFunction].find((name) => !names.has(name));
  if (stray !== undefined)
    throw new UserError(`the description names the function "${stray}", which the program does not have`);
}

const ROLES = ["input", "state", "output"] as const;
type Role = (typeof ROLES)[number];

const featuresOf = ({ inputs, states, outputs }: MilInterface, role: Role): readonly MilFeature[] =>
  ({ input: inputs, state: states, output: outputs })[role];

/** What the function has in that role, by name. An output has the type that is declared where it is made. */
function typesOf(fn: MilFunction, role: Role): ReadonlyMap<string, MilTensorType> {
  const declared = role === "output" ? [...fn.inputs, ...fn.operations.flatMap((op) => op.outputs)] : fn.inputs;
  const outputs = new Set(fn.outputs);
  const types = declared.flatMap(({ name, type }): readonly (readonly [string, MilTensorType])[] => {
    if (role === "output" && !outputs.has(name)) return [];
    if (type.kind === "tensor") return role === "state" ? [] : [[name, type]];
    return role === "state" ? [[name, type.tensor]] : [];
  });
  return new Map(types);
}

function checkRole(
  role: Role,
  features: readonly MilFeature[],
  types: ReadonlyMap<string, MilTensorType>,
  where: Where,
): void {
  const seen = new Set<string>();
  for (const feature of features) {
    const type = types.get(feature.name);
    const named = `${where}: the description names the ${role} "${feature.name}"`;
    if (!type) throw new UserError(`${named}, which the function does not have`);
    if (seen.has(feature.name)) throw new UserError(`${named} twice`);
    seen.add(feature.name);
    checkFeature(role, feature, type, `${where}, ${role} "${feature.name}"`);
  }
  const missing = [...types.keys()].find((name) => !seen.has(name));
  if (missing !== undefined) throw new UserError(`${where}: the description lacks the ${role} "${missing}"`);
}

function checkFeature(role: Role, feature: MilFeature, type: MilTensorType, where: Where): void {
  const { dtype, shape } = feature;
  const sizes = shape ?? (role === "output" || isFlexible(feature) ? type.shape : []);
  if (dtype !== type.dtype || !matches(type.shape, sizes)) {
    const shown = showMilType({ kind: "tensor", dtype, shape: sizes });
    throw refuse(where, `is described as ${shown}; the function has it as ${showMilType(type)}`);
  }
  checkSizes(feature, type, where);
  if (role !== "input" && feature.optional) throw refuse(where, "is described as optional; only an input may be");
  if (role !== "input" && feature.default)
    throw refuse(where, "is described with a default; only an input may have one");
}

const isFlexible = ({ range, enumerated }: MilFeature): boolean => range !== undefined || enumerated !== undefined;

/** Every described size is one of the function, and the default shape is among them. */
function checkSizes({ shape, range, enumerated }: MilFeature, type: MilTensorType, where: Where): void {
  const said = (sizes: string) => `is described in the sizes ${sizes}; the function has it as ${showMilType(type)}`;
  if (range) {
    const text = `[${range.map(([low, high]) => `${low}..${high}`).join(",")}]`;
    const fits = type.shape.every((n, axis) => n === undefined || (range[axis]?.[0] === n && range[axis][1] === n));
    if (range.length !== type.shape.length || !fits) throw refuse(where, said(text));
    if (range.some(([low, high]) => low > high))
      throw refuse(where, `is described in the sizes ${text}, which are none`);
    const outside = shape?.some((n, axis) => n < range[axis]![0] || n > range[axis]![1]);
    if (outside) throw refuse(where, `has the default shape [${shape}], which is not among its sizes ${text}`);
  }
  for (const one of enumerated ?? []) if (!matches(type.shape, one)) throw refuse(where, said(`[${one}]`));
  const isListed = !enumerated || !shape || enumerated.some((one) => matches(shape, one));
  if (!isListed) throw refuse(where, `has the default shape [${shape}], which is not among its enumerated shapes`);
}

function checkPredicted({ predictedFeature, predictedProbabilities }: MilInterface, fn: MilFunction): void {
  const stray = [predictedFeature, predictedProbabilities].find((x) => x !== undefined && !fn.outputs.includes(x));
  if (stray !== undefined)
    throw refuse(`function "${fn.name}"`, `is described to predict "${stray}", which is no output of it`);
}
