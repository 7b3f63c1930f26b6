/** What model.mlmodel announces of its functions, as messages: records of interfaces to a ModelDescription. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ArrayFeatureTypeSchema } from "../mil/gen/FeatureTypes_pb.js";
import { type FeatureDescriptionSchema, type ModelDescription, ModelDescriptionSchema } from "../mil/gen/Model_pb.js";
import {
  type MilFeature,
  type MilInterface,
  type MilModel,
  usualDefaultName,
  usualLayout,
  wholeFunction,
} from "../mil/records.ts";
import { ARRAY_DATA_TYPE } from "../mil/wire.ts";

type Init<Schema extends Parameters<typeof create>[0]> = MessageInitShape<Schema>;

/** Maps are written in the order of their keys: protobuf leaves it open, and the same model must give the same bytes. */
export function sortedMap<V>(entries: readonly (readonly [string, V])[]): { [key: string]: V } {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The description of the model; undefined for one that has none. */
export function descriptionOf(model: MilModel): ModelDescription | undefined {
  const names = model.functions.map(({ name }) => name);
  const layout = model.layout ?? usualLayout(names);
  if (layout === "none") return undefined;
  const defaultFunctionName = model.defaultName ?? usualDefaultName(layout, model.defaultFunction);
  const features =
    layout === "model"
      ? featuresOf(model.interfaces[wholeFunction(names)]!)
      : { functions: Object.entries(model.interfaces).map(([name, face]) => ({ name, ...featuresOf(face) })) };
  const trainingInput = (model.trainingInputs ?? []).map((x) => featureOf(x, "multiArrayType"));
  return create(ModelDescriptionSchema, { ...features, defaultFunctionName, trainingInput, ...metadataOf(model) });
}

function metadataOf({ metadata, about }: MilModel) {
  const userDefined = sortedMap(Object.entries(metadata));
  if (!about) return Object.keys(userDefined).length > 0 ? { metadata: { userDefined } } : {};
  const { version, ...texts } = about;
  return { metadata: { ...texts, versionString: version, userDefined } };
}

const featuresOf = ({ inputs, outputs, states, predictedFeature, predictedProbabilities }: MilInterface) => ({
  input: inputs.map((feature) => featureOf(feature, "multiArrayType")),
  output: outputs.map((feature) => featureOf(feature, "multiArrayType")),
  state: states.map((feature) => featureOf(feature, "stateType")),
  predictedFeatureName: predictedFeature ?? "",
  predictedProbabilitiesName: predictedProbabilities ?? "",
});

function featureOf(feature: MilFeature, kind: "multiArrayType" | "stateType"): Init<typeof FeatureDescriptionSchema> {
  const array = arrayOf(feature);
  const Type =
    kind === "multiArrayType"
      ? ({ case: kind, value: array } as const)
      : ({ case: kind, value: { Type: { case: "arrayType", value: array } } } as const);
  const { name, description = "", optional = false } = feature;
  return { name, shortDescription: description, type: { Type, isOptional: optional } };
}

function arrayOf({ dtype, shape, range, enumerated, default: value }: MilFeature): Init<typeof ArrayFeatureTypeSchema> {
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
    ...(value ? { defaultOptionalValue: { case: `${value.kind}DefaultValue`, value: value.value } as const } : {}),
  };
}
