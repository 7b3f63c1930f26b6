/** Rules about versions: what a file may say by the version of the format that it announces. */

import { interfaceIn, type MilDType, type MilFunction, type MilModel, usualLayout } from "../mil/records.ts";
import { FIRST_OPSET, SPECIFICATION_OF } from "../mil/versions.ts";
import { ARRAY_DATA_TYPE } from "../mil/wire.ts";
import { everyOp, type PackageRule, perFunction, quote, some } from "./package-rule.ts";

const KNOWN = [...SPECIFICATION_OF.values()];
const [OLDEST, NEWEST] = [Math.min(...KNOWN), Math.max(...KNOWN)];
/** The first with states and with lists of functions: iOS 18. */
const IOS_18 = 9;
const TABLE = "apple/coremltools coremltools/__init__.py (_OPSET)";
const VALIDATOR = "apple/coremltools mlmodel/src/Validation/InterfaceValidators.cpp";

/** The first version in which an input or output may have the type. */
const FIRST_VERSION: ReadonlyMap<MilDType, number> = new Map([
  ["fp16", 7],
  ["int8", 10],
]);

/** About versions. */
export const versionRules: readonly PackageRule[] = [
  {
    id: "version",
    severity: "error",
    says: `the specification version is one that ML Programs have, ${OLDEST} to ${NEWEST}`,
    source: TABLE,
    find: ({ specificationVersion: version }) =>
      KNOWN.includes(version)
        ? []
        : [{ text: `the specification version is ${version}; ML Programs are known from ${OLDEST} to ${NEWEST}` }],
  },
  {
    id: "opset",
    severity: "error",
    says: "the opset of a function is known, and the specification version is at least its own",
    source: TABLE,
    find: perFunction(({ opset }, { specificationVersion: version }) => {
      const needed = SPECIFICATION_OF.get(opset);
      if (needed === undefined)
        return [`the opset ${quote(opset)} is none; they are ${[...SPECIFICATION_OF.keys()].join(", ")}`];
      return version < needed
        ? [`the opset ${opset} needs specification version ${needed}; the file says ${version}`]
        : [];
    }),
  },
  {
    id: "op-opset",
    severity: "error",
    says: "an op is one of the function's opset",
    source: "apple/coremltools 9.0, registry of ops (its loader: “No available version for … in the … opset”)",
    find: perFunction((fn) =>
      laterOps(fn).map(
        ([op, first]) => `${op} is an op of ${first} and later; the function has the opset ${quote(fn.opset)}`,
      ),
    ),
  },
  {
    id: "functions-version",
    severity: "error",
    says: "a description that lists functions needs specification version 9, and names one of them as the default",
    source: VALIDATOR,
    find: (model) => listedOffences(model).map((text) => ({ text })),
  },
  {
    id: "state-version",
    severity: "error",
    says: "states need specification version 9",
    source: VALIDATOR,
    find: perFunction(({ inputs }, { specificationVersion: version }) => {
      const states = inputs.filter(({ type }) => type.kind === "state").map(({ name }) => name);
      return version < IOS_18 && states.length > 0
        ? [`has the state ${some(states)}; states need specification version ${IOS_18}, and the file says ${version}`]
        : [];
    }),
  },
  {
    id: "border-type",
    severity: "error",
    says: "inputs and outputs are fp16 (from specification version 7), fp32, int32 or int8 (from version 10)",
    source: VALIDATOR,
    find: perFunction((fn, model) => borderTypes(fn, model)),
  },
];

function laterOps(fn: MilFunction): readonly (readonly [string, string])[] {
  const own = SPECIFICATION_OF.get(fn.opset) ?? NEWEST;
  const types = new Set(everyOp(fn).map(({ type }) => type));
  return [...FIRST_OPSET].filter(([op, first]) => types.has(op) && SPECIFICATION_OF.get(first)! > own);
}

function listedOffences(model: MilModel): readonly string[] {
  const names = model.functions.map(({ name }) => name);
  const layout = model.layout ?? usualLayout(names);
  if (layout !== "functions") return [];
  const { specificationVersion: version } = model;
  const given = model.defaultName ?? model.defaultFunction;
  return [
    ...(version < IOS_18
      ? [`lists its functions, which needs specification version ${IOS_18}; the file says ${version}`]
      : []),
    ...(names.includes(given)
      ? []
      : [
          `names ${given === "" ? "no function" : quote(given)} as the default among its functions (defaultFunctionName)`,
        ]),
  ];
}

function borderTypes(fn: MilFunction, model: MilModel): readonly string[] {
  const described = interfaceIn(model, fn.name);
  return [...(described?.inputs ?? []), ...(described?.outputs ?? [])].flatMap(({ name, dtype }) => {
    const first = FIRST_VERSION.get(dtype) ?? OLDEST;
    if (dtype === "fp64" || ARRAY_DATA_TYPE[dtype] === undefined)
      return [`${quote(name)} is ${dtype}; make it fp16, fp32 or int32`];
    return model.specificationVersion < first
      ? [
          `${quote(name)} is ${dtype}, which needs specification version ${first}; the file says ${model.specificationVersion}`,
        ]
      : [];
  });
}
