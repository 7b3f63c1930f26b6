/** Names decide nothing where roles are declared; without declarations roles are asked for. `renaming.long.test.ts` renames all. */
import { describe, expect, test } from "vitest";
import { askForRoles } from "../../src/cli/ask-roles.ts";
import { parity } from "../../src/passes/parity/parity.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { pairOf } from "../support/parity.ts";
import { renamedPair, subjects, surviveRenaming } from "../support/renaming.ts";

surviveRenaming(["counter", "phi, slice_update"]);

describe("without declarations", () => {
  const plain = ["a", "b", "c", "d", "e", "f"];

  test.each(["attention", "phi, blend", "phi, select", "phi4-mini"])("%s: the masks are asked for", (name) => {
    const pair = renamedPair(subjects[name]!, plain);
    const fed = subjects[name]!.block.inputs.map((x) => x.name!);
    const [mask, write] = [plain[fed.indexOf("attn_mask")], plain[fed.indexOf("kv_write_mask")]];
    expect(() => askForRoles(pair, new Map())).toThrow(
      expect.objectContaining({ mend: expect.stringContaining(`--role ${mask}=mask --role ${write}=write_mask `) }),
    );
  });

  test.each(["phi, slice_update", "phi, scatter"])("%s: the position is asked for by name", async (name) => {
    const { block, step } = renamedPair(subjects[name]!, plain);
    const place = plain[subjects[name]!.block.inputs.findIndex((x) => x.name === "position")];
    const asked = new RegExp(`^what the host feeds to input "${place}" \\(int32\\[\\d\\]\\) is not known$`);
    expect(() => prove(block, step)).toThrow(asked);
    await expect(parity(pairOf(block, step, 5))).rejects.toThrow(asked);
  });

  test("a refutation that no other role would mend stands", () => {
    const { block, step } = subjects["phi, heads flattened without the permutation"]!;
    const pair = renamedPair({ block, step }, plain);
    expect(() => askForRoles(pair, new Map())).not.toThrow();
    expect(prove(pair.block, pair.step, { secondOpinion: false, budget: 1 }).verdict).toBe("REFUTED");
  });
});
