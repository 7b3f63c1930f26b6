/** Rules about how a program is written: names, places of constants, and what is announced of it. */
import { counted } from "../../dsl/counted.ts";
import { isUserError } from "../../dsl/user-error.ts";
import { hasFormOfName, KEYWORDS } from "../mil/identifier.ts";
import type { MilFunction, MilModel, MilOperation } from "../mil/records.ts";
import { checkDescribed } from "../read/described.ts";
import { everyOp, type PackageRule, perFunction, some } from "./package-rule.ts";

/** coremltools stores ten elements and more; what is said here is said of those that matter. */
const MOST_INLINE = 1024;

/** About the form. */
export const formRules: readonly PackageRule[] = [
  {
    id: "described",
    severity: "error",
    says: "the description says of a function what it is: names, types, shapes, states",
    source: "graphc (Core ML shows the one and runs the other)",
    find: perFunction((fn, model) => contradictions(fn, model)),
  },
  {
    id: "name",
    severity: "error",
    says: "a name of a function or value is letters, digits and _, begins with no digit, and is no keyword of MIL text",
    source: "apple/coremltools issue 1634 (“Invalid operation output name”), NameSanitizer",
    find: perFunction((fn) => {
      const bad = [fn.name, ...valuesIn(fn)].filter((name) => !hasFormOfName(name) || KEYWORDS.has(name));
      return bad.length > 0 ? [`${some([...new Set(bad)])} cannot be a name in MIL text; rename it`] : [];
    }),
  },
  {
    id: "op-name",
    severity: "warning",
    says: "every op has a name attribute",
    source: "apple/coremltools (every op that it writes has one; what Core ML does without is not known)",
    find: perFunction((fn) => {
      const nameless = everyOp(fn).filter(({ name }) => name === "");
      return nameless.length > 0
        ? [
            `${nameless.length === 1 ? "1 op has" : `${nameless.length} ops have`} no name: ${some(nameless.map(({ type }) => type))}`,
          ]
        : [];
    }),
  },
  {
    id: "inline-weight",
    severity: "warning",
    says: `a constant of ${MOST_INLINE} elements or more lies in the weight file`,
    source:
      "apple/coremltools (stores ten elements and more there); microsoft/onnxruntime issue 32212 (Core ML writes others out as text: 3.7 GB)",
    find: perFunction((fn) => {
      const large = everyOp(fn)
        .filter(isLargeInline)
        .map(({ outputs }) => outputs[0]?.name ?? "");
      return large.length > 0
        ? [
            `${counted(large.length, "large constant")} ${large.length === 1 ? "lies" : "lie"} in the model file: ${some(large)}`,
          ]
        : [];
    }),
  },
  {
    id: "output",
    severity: "error",
    says: "a function has an output",
    source: "kasper0406/stablehlo-coreml pull request 76 (Core ML requires at least one)",
    find: perFunction(({ outputs }) => (outputs.length === 0 ? ["has no output"] : [])),
  },
];

function contradictions(fn: MilFunction, model: MilModel): readonly string[] {
  try {
    checkDescribed(model, fn);
    return [];
  } catch (error) {
    if (isUserError(error)) return [error.message];
    throw error;
  }
}

const valuesIn = (fn: MilFunction): readonly string[] => [
  ...fn.inputs.map(({ name }) => name),
  ...everyOp(fn).flatMap(({ outputs }) => outputs.map(({ name }) => name)),
];

/** Truth values and texts have no place in a weight file. */
function isLargeInline({ value, inputs, attributes }: MilOperation): boolean {
  const inline = Object.values(inputs).flatMap((list) =>
    list.flatMap((x) => ("value" in x && attributes === undefined ? [x.value] : [])),
  );
  return [...(value ? [value] : []), ...inline].some(
    (x) => "data" in x && x.data.length >= MOST_INLINE && x.type.dtype !== "bool" && x.type.dtype !== "string",
  );
}
