/** The description of a model and what is said of its program: protobuf messages to records. */
import { UserError } from "../../../dsl/user-error.ts";
import type { Value } from "../../mil/gen/MIL_pb.js";
import type { Metadata, ModelDescription } from "../../mil/gen/Model_pb.js";
import { type MilInterface, type MilModel, usualDefaultName, usualLayout, wholeFunction } from "../../mil/records.ts";
import { decodeFeature, decodeInterface } from "./interface.ts";
import { decodeType, decodeValue, refuse, type Where } from "./value.ts";

type Described = Pick<
  MilModel,
  "interfaces" | "defaultFunction" | "metadata" | "about" | "layout" | "defaultName" | "trainingInputs"
>;

/** What a model announces of the functions of these names. @throws UserError for what a record cannot say */
export function decodeDescription(description: ModelDescription | undefined, names: readonly string[]): Described {
  if (!description) return { interfaces: {}, defaultFunction: wholeFunction(names), metadata: {}, layout: "none" };
  const layout = description.functions.length > 0 ? "functions" : "model";
  const given = description.defaultFunctionName;
  const defaultFunction = given || wholeFunction(names);
  return {
    interfaces: layout === "model" ? { [wholeFunction(names)]: decodeInterface(description) } : listed(description),
    defaultFunction,
    metadata: { ...description.metadata?.userDefined },
    ...aboutOf(description.metadata),
    ...(layout === usualLayout(names) ? {} : { layout }),
    ...(given === usualDefaultName(layout, defaultFunction) ? {} : { defaultName: given }),
    ...trainingOf(description),
  };
}

/** One interface a function. */
function listed(description: ModelDescription): Readonly<Record<string, MilInterface>> {
  const { input, output, state, predictedFeatureName, predictedProbabilitiesName } = description;
  const [beside] = [...input, ...output, ...state].map(({ name }) => name);
  const loose = beside ?? (predictedFeatureName || predictedProbabilitiesName || undefined);
  if (loose !== undefined)
    throw new UserError(`the description names "${loose}" beside its list of functions; each function names its own`);
  const interfaces = new Map<string, MilInterface>();
  for (const one of description.functions) {
    if (interfaces.has(one.name)) throw new UserError(`the description names the function "${one.name}" twice`);
    // Such a name would lose its place in the list.
    if (/^\d*$/.test(one.name)) throw new UserError(`the description names a function "${one.name}", which is no name`);
    interfaces.set(one.name, decodeInterface(one));
  }
  return Object.fromEntries(interfaces);
}

function aboutOf(metadata: Metadata | undefined): Pick<MilModel, "about"> {
  if (!metadata) return {};
  const { shortDescription, versionString: version, author, license, userDefined } = metadata;
  // Metadata that say nothing are kept as such: they are a message in the file.
  const isPlain = [shortDescription, version, author, license].every((text) => text === "");
  if (isPlain && Object.keys(userDefined).length > 0) return {};
  return { about: { shortDescription, version, author, license } };
}

function trainingOf({ trainingInput }: ModelDescription): Pick<MilModel, "trainingInputs"> {
  if (trainingInput.length === 0) return {};
  return { trainingInputs: trainingInput.map((x) => decodeFeature(x, `training input "${x.name}"`)) };
}

const BUILD_INFO = "buildInfo";

/**
 * What tool wrote the program: the one program attribute that coremltools writes, a dictionary of texts.
 * @throws UserError for any other attribute
 */
export function decodeBuildInfo(attributes: Readonly<Record<string, Value>>): Pick<MilModel, "buildInfo"> {
  const stray = Object.keys(attributes).find((key) => key !== BUILD_INFO);
  if (stray !== undefined) throw new UserError(`the program has the attribute "${stray}", which is unknown`);
  if (!Object.hasOwn(attributes, BUILD_INFO)) return {};
  const { type, value: is, docString } = attributes[BUILD_INFO]!;
  const isDictionary = type?.type.case === "dictionaryType" && docString === "";
  if (!isDictionary || is.case !== "immediateValue" || is.value.value.case !== "dictionary")
    throw refuse(BUILD_INFO, "is no dictionary of texts");
  const { keyType, valueType } = type.type.value as { keyType?: Value["type"]; valueType?: Value["type"] };
  for (const one of [keyType, valueType]) refuseOtherThanText(decodeType(one, BUILD_INFO), BUILD_INFO);
  const texts = is.value.value.value.values.map(({ key, value }) => [textOf(key), textOf(value)] as const);
  const info = Object.fromEntries(texts);
  const isKept = Object.entries(info).every(([key, text], i) => texts[i]?.[0] === key && texts[i][1] === text);
  if (!isKept || Object.keys(info).length !== texts.length)
    throw refuse(BUILD_INFO, "has keys that are numbers or occur twice");
  return { buildInfo: info };
}

function textOf(value: Value | undefined): string {
  const decoded = decodeValue(value, BUILD_INFO);
  refuseOtherThanText(decoded.type, BUILD_INFO);
  if (!("data" in decoded)) throw refuse(BUILD_INFO, "lies in a weight file");
  return String(decoded.data[0]);
}

function refuseOtherThanText(type: ReturnType<typeof decodeType>, where: Where): void {
  if (type.kind !== "tensor" || type.dtype !== "string" || type.shape.length > 0)
    throw refuse(where, "is no dictionary of texts");
}
