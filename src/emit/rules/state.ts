/** Rules about what a state is, and about what a function may show of what it writes into one. */
import { interfaceIn, type MilFunction, type MilOperation } from "../mil/records.ts";
import { type PackageRule, perFunction, quote, some, tensorIn } from "./package-rule.ts";

const VALIDATOR = "apple/coremltools mlmodel/src/Validation/InterfaceValidators.cpp";

/** About states. */
export const stateRules: readonly PackageRule[] = [
  {
    id: "state-type",
    severity: "error",
    says: "a state is fp16 or int8, has a shape, and no size of it is open",
    source: `${VALIDATOR}; apple/coremltools issue 2537`,
    find: perFunction((fn, model) => {
      const described = interfaceIn(model, fn.name)?.states ?? [];
      const flexible = described.filter(({ range, enumerated }) => range || enumerated).map(({ name }) => name);
      const wrong = fn.inputs
        .filter(({ type }) => type.kind === "state")
        .flatMap(({ name, type }) => {
          const { dtype, shape } = tensorIn(type);
          if (dtype !== "fp16" && dtype !== "int8") return [`the state ${quote(name)} is ${dtype}; make it fp16`];
          if (shape.length === 0) return [`the state ${quote(name)} has no shape`];
          return shape.includes(undefined) || flexible.includes(name)
            ? [`the state ${quote(name)} is of flexible size`]
            : [];
        });
      return wrong;
    }),
  },
  {
    id: "output-in-state",
    severity: "error",
    says: "no output is a value that is written into a state, nor one that such a value is made of",
    source: "apple/coremltools pull request 2713 (segmentation fault on loading; it refuses both)",
    find: perFunction((fn) => {
      const [written, sources] = writtenIn(fn);
      const direct = fn.outputs.filter((name) => written.has(name));
      const behind = fn.outputs.filter((name) => !written.has(name) && sources.has(name));
      return [
        ...(direct.length > 0
          ? [`the output ${some(direct)} is also written into a state; return a copy of it (identity)`]
          : []),
        ...(behind.length > 0
          ? [`the output ${some(behind)} is part of what is written into a state; return a copy of it (identity)`]
          : []),
      ];
    }),
  },
];

/** Names of what is written into states, and of all that it is made of. What is read from a state is another value. */
function writtenIn({ operations }: MilFunction): readonly [ReadonlySet<string>, ReadonlySet<string>] {
  const written = new Set(
    operations.filter(({ type }) => type === "write_state").flatMap((op) => namesIn(op, ["data"])),
  );
  const sources = new Set(written);
  for (const op of operations.toReversed()) {
    if (op.type === "read_state" || !op.outputs.some(({ name }) => sources.has(name))) continue;
    for (const name of namesIn(op, Object.keys(op.inputs))) sources.add(name);
  }
  return [written, sources];
}

const namesIn = ({ inputs }: MilOperation, keys: readonly string[]): readonly string[] =>
  keys.flatMap((key) => (Object.hasOwn(inputs, key) ? inputs[key]! : [])).flatMap((x) => ("name" in x ? [x.name] : []));
