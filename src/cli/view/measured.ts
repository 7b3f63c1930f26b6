/** Where a device planned the ops of the package that is shown, out of the evidence of `graphc-ane gate`. */
import { resolve } from "node:path";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Def } from "../../dsl/tensor.ts";
import { UserError } from "../../dsl/user-error.ts";
import { readPackage } from "../../emit/read/read.ts";
import { digestFolder } from "../../evidence/digests.ts";
import { evidenceFrom, type PlannedOperation } from "../../evidence/format/evidence.ts";
import { planOf } from "../../evidence/judge/planned.ts";
import { operationsIn } from "../../evidence/judge/program.ts";
import { readRegular, statOf } from "../../files/regular.ts";
import type { MeasuredPlan } from "../../view/overlays/engine.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";
import { functionOf, type OpenPair } from "../subject/pair.ts";

/** Evidence for the engine's overlay. */
export const EVIDENCE_OPTION = {
  evidence: {
    kind: "file",
    help: "evidence.json of the package that is shown: where its ops were planned on a device",
    for: ["package"],
  },
} as const satisfies Options;

/** Undefined where no evidence is given. @throws UserError for evidence that is not of the package that is shown */
export async function measuredPlan({ block }: OpenPair, args: Args): Promise<MeasuredPlan | undefined> {
  const file = args.text("evidence");
  if (file === undefined) return undefined;
  const [path] = args.operands as [string];
  if (!(await statOf(path))?.isDirectory())
    throw new UserError(
      `${path} is no package folder, and evidence is of one`,
      "give the .mlpackage that was measured",
    );
  const evidence = evidenceFrom(await readRegular(resolve(file)), file);
  const pkg = readPackage(path);
  const { function: name = pkg.model.defaultFunction } = functionOf(pkg, args, "function");
  const fn = pkg.model.functions.find((one) => one.name === name);
  if (!fn) throw new UserError(`there is no function "${name}" in ${path}`);
  const operations = operationsIn(fn);
  const isDefault = name === pkg.model.defaultFunction;
  const digest = await digestFolder(path);
  const plan = planOf(evidence, file, { path, digest, function: name, isDefault, operations });
  const { ops, beside } = opsOf(plan.operations, block);
  return { device: plan.device, file, tokens: plan.tokens, isReadBack: plan.isReadBack, ops, beside };
}

/** Values that were read from a package have the names of its program. */
function opsOf(operations: readonly PlannedOperation[], block: Graph) {
  const own = schedule(block).filter(({ def }) => def.kind === "op");
  const named = new Map(own.flatMap(({ name, def }) => (name === undefined ? [] : [[name, def] as const])));
  const ops = new Map<Def, PlannedOperation>();
  let beside = 0;
  for (const operation of operations) {
    const found = operation.values.flatMap((value) => named.get(value) ?? []);
    if (found.length === 0) beside++;
    for (const def of found) ops.set(def, operation);
  }
  return { ops, beside };
}
