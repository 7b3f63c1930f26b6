/** `graphc plan`: what `build` would write, without writing. */
import { type PlanFinding, planFindings } from "../../build/findings.ts";
import { type Foreseen, foresee } from "../../build/foreseen.ts";
import type { BuildPlan } from "../../build/plan.ts";
import { quantisingStore } from "../../weights/quantise/quantise.ts";
import { wholeModel } from "../build/model.ts";
import { BUILD_OPTIONS } from "../build/options.ts";
import { engineRecord, engineText } from "../build/quantised-text.ts";
import { findingsText, foreseenText, planText } from "../build/text.ts";
import type { Command } from "../options/command.ts";
import { safeLines, safeRecord } from "../ranges/safe-text.ts";

/** The parts, their sizes, the rules of the engine that they break, and how long a build takes. */
export const planCommand: Command = {
  name: "plan",
  operands: "phi4-mini | CHECKPOINT",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a checkpoint",
  example: "phi4-mini",
  options: BUILD_OPTIONS,
  async run(args, io) {
    const { plan, notes, safe, openWeights } = await wholeModel(args.operands[0]!, args, io);
    for (const note of notes) io.err(`note: ${note}`);
    const findings = await planFindings(plan);
    const store = quantisingStore(await openWeights());
    try {
      const foreseen = await foresee(plan, store);
      io.out(
        args.flag("json")
          ? JSON.stringify(
              {
                ...planJson(plan, findings, foreseen),
                engine: engineRecord(plan.settings.quantize, args.text("target")),
                ...(safe ? { engineSafe: safeRecord(safe) } : {}),
              },
              null,
              2,
            )
          : text(plan, findings, foreseen),
      );
    } finally {
      await store.close();
    }
    const lines = [...engineText(plan.settings.quantize, args.text("target")), ...(safe ? safeLines(safe) : [])];
    if (!args.flag("json")) for (const line of lines) io.out(line);
    return 0;
  },
};

const text = (plan: BuildPlan, findings: readonly PlanFinding[], foreseen: Foreseen): string =>
  [planText(plan), "", findingsText(findings), "", foreseenText(foreseen)].join("\n");

const planJson = (
  { shards, heads, embedding, bytes }: BuildPlan,
  findings: readonly PlanFinding[],
  seconds: Foreseen,
) => ({
  shards: shards.map(bare),
  heads: heads.map(bare),
  embedding,
  bytes,
  findings: findings.map(({ first: { rule, severity, text, source }, times, parts }) => ({
    rule,
    severity,
    first: text,
    source,
    times,
    parts,
  })),
  seconds,
});

const bare = ({ path, bytes, begin, end }: BuildPlan["shards"][number] | BuildPlan["heads"][number]) => ({
  path,
  begin,
  end,
  bytes,
});
