/** The announced inputs, outputs and states of a function: protobuf descriptions to records. */

import type { ArrayFeatureType } from "../../mil/gen/FeatureTypes_pb.js";
import type { FeatureDescription } from "../../mil/gen/Model_pb.js";
import type { MilDType, MilFeature, MilInterface } from "../../mil/records.ts";
import { ARRAY_DATA_TYPE } from "../../mil/wire.ts";
import { refuse, toSafe, type Where } from "./value.ts";

const DTYPE_OF: ReadonlyMap<number, MilDType> = new Map(
  Object.entries(ARRAY_DATA_TYPE).map(([dtype, number]) => [number, dtype as MilDType]),
);

/** Kinds of feature that are not arrays, by their field in the FeatureType message. */
const OTHER_KINDS: Readonly<Record<number, string>> = {
  1: "an integer",
  2: "a double",
  3: "a string",
  4: "an image",
  6: "a dictionary",
  7: "a sequence",
};

interface Features {
  readonly input: readonly FeatureDescription[];
  readonly output: readonly FeatureDescription[];
  readonly state: readonly FeatureDescription[];
  readonly predictedFeatureName: string;
  readonly predictedProbabilitiesName: string;
}

/** @throws UserError for a feature that is not a multi-array, or a state that is not a state of one */
export const decodeInterface = (features: Features): MilInterface => ({
  inputs: features.input.map((x) => decodeFeature(x, `input "${x.name}"`)),
  outputs: features.output.map((x) => decodeFeature(x, `output "${x.name}"`)),
  states: features.state.map((x) => decodeFeature(x, `state "${x.name}"`, "stateType")),
  ...(features.predictedFeatureName ? { predictedFeature: features.predictedFeatureName } : {}),
  ...(features.predictedProbabilitiesName ? { predictedProbabilities: features.predictedProbabilitiesName } : {}),
});

/** A feature by itself. @throws UserError as `decodeInterface` does */
export function decodeFeature(
  { name, type, shortDescription }: FeatureDescription,
  where: Where,
  wanted: "multiArrayType" | "stateType" = "multiArrayType",
): MilFeature {
  const array = arrayOf(type);
  if (!array) {
    const kind = type?.$unknown?.map((field) => OTHER_KINDS[field.no]).find((text) => text !== undefined);
    throw refuse(where, `is ${kind ?? "of no known kind"}; graphc reads multi-arrays`);
  }
  if (type?.Type.case !== wanted)
    throw refuse(where, wanted === "stateType" ? "is described as no state" : "is described as a state");
  const dtype = DTYPE_OF.get(array.dataType);
  if (!dtype) throw refuse(where, `has array type number ${array.dataType}, which is unknown`);
  const shape = array.shape.length > 0 ? { shape: array.shape.map((n) => toSafe(n, where)) } : {};
  return {
    name,
    dtype,
    ...shape,
    ...flexibility(array, where),
    ...(type.isOptional ? { optional: true } : {}),
    ...defaultOf(array),
    ...(shortDescription ? { description: shortDescription } : {}),
  };
}

const DEFAULT_KINDS = { intDefaultValue: "int", floatDefaultValue: "float", doubleDefaultValue: "double" } as const;

function defaultOf({ defaultOptionalValue: is }: ArrayFeatureType): Pick<MilFeature, "default"> {
  return is.case === undefined ? {} : { default: { kind: DEFAULT_KINDS[is.case], value: is.value } };
}

function arrayOf(type: FeatureDescription["type"]): ArrayFeatureType | undefined {
  const is = type?.Type;
  if (is?.case === "multiArrayType") return is.value;
  return is?.case === "stateType" && is.value.Type.case === "arrayType" ? is.value.Type.value : undefined;
}

function flexibility({ ShapeFlexibility: is }: ArrayFeatureType, where: Where): Partial<MilFeature> {
  switch (is.case) {
    case "shapeRange":
      // An upper bound of −1 stands for none.
      return {
        range: is.value.sizeRanges.map(({ lowerBound, upperBound }) => [
          toSafe(lowerBound, where),
          upperBound === -1n ? Number.POSITIVE_INFINITY : toSafe(upperBound, where),
        ]),
      };
    case "enumeratedShapes":
      return { enumerated: is.value.shapes.map(({ shape }) => shape.map((n) => toSafe(n, where))) };
    default:
      return {};
  }
}
