/** What a command says of a block it says of each function of a package that takes one, against the function of the fewest tokens. */
import { sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { graphOf, type Package, readPackage } from "../../emit/read/read.ts";
import { type GivenInterface, givenInterface } from "../interface/given.ts";
import type { Args, ExitCode } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import type { Options } from "../options/option.ts";
import type { Io } from "../terminal/io.ts";
import { type Told, tellOfEachKind } from "./each-kind.ts";
import { FUNCTION_OPTIONS, whichFunction } from "./pair.ts";

/** Of a command that compares blocks with steps. */
export const COMPARED_FUNCTIONS: Options = {
  ...FUNCTION_OPTIONS,
  functions: {
    kind: "form",
    value: "NAME,...",
    form: /^[^,]+(,[^,]+)+$/,
    like: "infer,prefill64",
    help: "functions of one package: each against the smallest of them",
    for: ["package"],
    without: ["function", "step-function"],
  },
};

type Tell = (args: Args, io: Io) => Promise<Told>;

/**
 * Tells of every function that `--functions` names but the smallest, which is the step of all others; without that option of each kind
 * of layers. The exit code is the worst.
 * @throws UserError for functions of two packages, for an unknown one, and for a package of several of which none is named
 */
export async function tellOfEachFunction(args: Args, io: Io, tell: Tell): Promise<ExitCode> {
  const [first, second] = args.operands as [string, string?];
  const listed = args.text("functions");
  if (listed === undefined) {
    const preset = second === undefined && !args.given("function") ? await presetFunctions(first, args) : undefined;
    return tellOfEachKind(preset ? ofFunctions(args, preset.block, preset.step) : args, io, tell);
  }
  if (second !== undefined)
    throw new UserError(
      "--functions names functions of one package, and two are given",
      "say --function and --step-function",
    );
  const { blocks, step } = divided(readPackage(first), listed.split(","));
  const pairs = blocks.map((name) => [name, step] as const);
  return tellOfPairs(args, io, { pairs, tell, shown: (name, other) => ({ function: name, step: other }) });
}

interface FunctionPairs {
  /** The functions of the first graph and of the second. */
  readonly pairs: readonly (readonly [name: string, other: string])[];
  readonly tell: Tell;
  /** What `--json` calls them. */
  readonly shown: (name: string, other: string) => object;
}

/** Tells of pairs of functions, one after the other. The exit code is the worst. */
export async function tellOfPairs(args: Args, io: Io, { pairs, tell, shown }: FunctionPairs): Promise<ExitCode> {
  const results: { readonly code: ExitCode; readonly result: object }[] = [];
  for (const [name, other] of pairs) {
    if (!args.flag("json")) io.out(`${name} against ${other}:`);
    const { code, json } = await tell(ofFunctions(args, name, other), io);
    results.push({ code, result: { ...shown(name, other), result: json } });
    // There is one folder for a counterexample.
    if (code !== 0 && args.given("dump")) break;
  }
  if (args.flag("json")) io.out(JSON.stringify({ functions: results.map(({ result }) => result) }, null, 2));
  return results.reduce<ExitCode>((worst, { code }) => (code > worst ? code : worst), 0);
}

/** What a preset calls the block and the step of a package of several functions. @throws UserError where nothing tells which they are */
async function presetFunctions(operand: string, args: Args): Promise<GivenInterface["functions"]> {
  if (!isPackage(operand) || args.given("step-function")) return undefined;
  const pkg = readPackage(operand);
  const names = pkg.model.functions.map(({ name }) => name);
  if (names.length <= 1) return undefined;
  const { functions } = await givenInterface(args);
  if (functions && names.includes(functions.block) && names.includes(functions.step)) return functions;
  throw whichFunction(pkg, `say which: --functions ${names.join()}`);
}

/** The smallest by the elements of its inputs is the step. */
function divided(
  pkg: Package,
  names: readonly string[],
): { readonly blocks: readonly string[]; readonly step: string } {
  const twice = names.find((name, k) => names.indexOf(name) < k);
  if (twice !== undefined) throw new UserError(`--functions names "${twice}" twice`, "name each once");
  const elements = new Map(
    names.map((name) => {
      const { inputs } = graphOf(pkg, { function: name });
      return [name, inputs.reduce((sum, { type }) => sum + sizeOf(type.shape), 0)];
    }),
  );
  const step = names.reduce((least, name) => (elements.get(name)! < elements.get(least)! ? name : least));
  return { blocks: names.filter((name) => name !== step), step };
}

function ofFunctions(args: Args, block: string, step: string): Args {
  const named = new Map([
    ["function", block],
    ["step-function", step],
  ]);
  return {
    ...args,
    text: (option) => named.get(option) ?? args.text(option),
    given: (option) => named.has(option) || args.given(option),
  };
}
