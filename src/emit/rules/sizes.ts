/** Rules about the sizes that a description leaves to the caller, alone and beside states. */
import { interfaceIn, type MilFeature, type MilFunction, type MilModel } from "../mil/records.ts";
import { type PackageRule, perFunction, quote, some, tensorIn } from "./package-rule.ts";

/** Of the documentation of coremltools, "Flexible Input Shapes". */
const MOST_SHAPES = 128;
const MOST_RANK = 5;

/** About sizes. */
export const sizeRules: readonly PackageRule[] = [
  {
    id: "fixed-beside-flexible",
    severity: "warning",
    says: "beside a state all inputs are of fixed size, or all have a range of sizes",
    source: "apple/coremltools issue 2548 (reported to abort on loading; open)",
    find: perFunction((fn, model) => {
      const { states, inputs } = announced(fn, model);
      const [flexible, fixed] = [inputs.filter(isRanged), inputs.filter((x) => !isRanged(x) && !x.enumerated)].map(
        namesOf,
      );
      if (states.length === 0 || flexible!.length === 0 || fixed!.length === 0) return [];
      return [
        `has states, flexible inputs (${some(flexible!)}) and fixed ones (${some(fixed!)}); give the fixed ones a range of their one size`,
      ];
    }),
  },
  {
    id: "range-beside-enumerated",
    severity: "error",
    says: "a function has ranges of sizes or enumerated shapes, not both",
    source: "apple/coremltools issue 2548 (“doesn't allow a mixture of enumerated and range shape flexibility”)",
    find: perFunction((fn, model) => {
      const { inputs } = announced(fn, model);
      const [ranged, listed] = [inputs.filter(isRanged), inputs.filter(({ enumerated }) => enumerated)].map(namesOf);
      if (ranged!.length === 0 || listed!.length === 0) return [];
      return [`has ranges of sizes (${some(ranged!)}) beside enumerated shapes (${some(listed!)})`];
    }),
  },
  {
    id: "flexible-integers",
    severity: "warning",
    says: "beside a state no int32 input is of flexible size",
    source: "apple/coremltools issue 2500 (std::bad_cast on loading)",
    find: perFunction((fn, model) => {
      const { states, inputs } = announced(fn, model);
      const found = inputs.filter((x) => x.dtype === "int32" && isRanged(x));
      return states.length > 0 && found.length > 0
        ? [`has states and int32 inputs of flexible size: ${some(namesOf(found))}`]
        : [];
    }),
  },
  {
    id: "unbounded",
    severity: "error",
    says: "a range of sizes has an upper bound",
    source: "apple/coremltools (convert refuses an unbounded RangeDim for an ML Program)",
    find: perFunction((fn, model) =>
      announced(fn, model)
        .inputs.filter(({ range }) => range?.some(([, high]) => high === Infinity))
        .map(({ name }) => `${quote(name)} has a size without an upper bound`),
    ),
  },
  {
    id: "enumerated",
    severity: "warning",
    says: `an input has at most ${MOST_SHAPES} enumerated shapes`,
    source: "apple/coremltools documentation, Flexible Input Shapes; issue 989",
    find: perFunction((fn, model) =>
      announced(fn, model)
        .inputs.filter(({ enumerated }) => (enumerated?.length ?? 0) > MOST_SHAPES)
        .map(({ name, enumerated }) => `${quote(name)} has ${enumerated!.length} enumerated shapes`),
    ),
  },
  {
    id: "rank",
    severity: "error",
    says: `inputs and states have rank ${MOST_RANK} or less, and no axis of size 0`,
    source:
      "apple/coremltools (“Core ML only supports tensors with rank <= 5”); onnxruntime CoreML provider (no empty axis)",
    find: perFunction(({ inputs }) =>
      inputs.flatMap(({ name, type }) => {
        const { shape } = tensorIn(type);
        if (shape.length > MOST_RANK) return [`${quote(name)} has rank ${shape.length}`];
        return shape.includes(0)
          ? [`${quote(name)} is [${shape.map((n) => n ?? "?").join(",")}], with nothing in it`]
          : [];
      }),
    ),
  },
];

const isRanged = ({ range }: MilFeature): boolean => range !== undefined;
const namesOf = (features: readonly MilFeature[]): readonly string[] => features.map(({ name }) => name);

const announced = (fn: MilFunction, model: MilModel) =>
  interfaceIn(model, fn.name) ?? { inputs: [], outputs: [], states: [] };
