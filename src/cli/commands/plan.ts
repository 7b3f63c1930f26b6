/** `graphc plan`: what `build` would write, without writing. */
import { BUILD_OPTIONS, wholeModel } from "../build-model.ts";
import { planText } from "../build-text.ts";
import type { Command } from "../command.ts";

/** The parts, their sizes, and what the host does not feed. */
export const planCommand: Command = {
  name: "plan",
  operands: "phi4-mini | CHECKPOINT",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a checkpoint",
  example: "phi4-mini",
  options: BUILD_OPTIONS,
  async run(args, io) {
    const { plan, notes } = await wholeModel(args.operands[0]!, args);
    for (const note of notes) io.err(`note: ${note}`);
    const { shards, heads, embedding, bytes } = plan;
    const bare = ({ path, bytes: size, begin, end }: (typeof shards)[number] | (typeof heads)[number]) => ({
      path,
      begin,
      end,
      bytes: size,
    });
    io.out(
      args.flag("json")
        ? JSON.stringify({ shards: shards.map(bare), heads: heads.map(bare), embedding, bytes }, null, 2)
        : planText(plan),
    );
    return 0;
  },
};
