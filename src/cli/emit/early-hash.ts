/** Whether the thread for digests is worth starting before anything is known of the weights but where they are. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { WORTH_A_THREAD } from "../../files/hash.ts";
import type { Args } from "../options/command.ts";
import { BUILT_IN } from "../options/operand-kind.ts";

/** A guess from the sizes of files: what is wrong with them is met, and told, by whoever opens them. */
export function weighsMuch(args: Args): boolean {
  const [operand] = args.operands;
  const source = args.text("weights") ?? operand!;
  try {
    return source === BUILT_IN || bytesOf(source) >= WORTH_A_THREAD;
  } catch {
    return false;
  }
}

function bytesOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => name.endsWith(".safetensors"))
    .reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}
