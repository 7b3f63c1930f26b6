/** Names decide nothing where roles are declared; without declarations roles are asked for. `renaming.long.test.ts` renames all. */
import { describe, expect, test } from "vitest";
import { parity } from "../../src/passes/parity/parity.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { masksAreAskedFor, PLAIN, renamedPair, subjects, surviveRenaming } from "../support/graphs/renaming.ts";
import { pairOf } from "../support/parity.ts";

surviveRenaming(["counter", "phi, slice_update"]);

describe("without declarations", () => {
  masksAreAskedFor(["attention", "phi4-mini"]);

  test.each(["phi, slice_update", "phi, scatter"])("%s: the position is asked for by name", async (name) => {
    const { block, step } = renamedPair(subjects[name]!, PLAIN);
    const place = PLAIN[subjects[name]!.block.inputs.findIndex((x) => x.name === "position")];
    const asked = new RegExp(`^what the host feeds to input "${place}" \\(int32\\[\\d\\]\\) is not known$`);
    expect(() => prove(block, step)).toThrow(asked);
    await expect(parity(pairOf(block, step, 5))).rejects.toThrow(asked);
  });
});
