/** Names decide nothing where roles are declared: every verdict survives a renaming of the inputs. */
import { expect, test } from "vitest";
import { askForRoles } from "../../src/api/ask-roles.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { masksAreAskedFor, PLAIN, renamedPair, subjects, surviveRenaming } from "../support/graphs/renaming.ts";

surviveRenaming(Object.keys(subjects));
masksAreAskedFor(["phi, blend", "phi, select"]);

test("without declarations a refutation that no other role would mend stands", () => {
  const { block, step } = subjects["phi, heads flattened without the permutation"]!;
  const pair = renamedPair({ block, step }, PLAIN);
  expect(() => askForRoles(pair, new Map())).not.toThrow();
  expect(prove(pair.block, pair.step, { secondOpinion: false, budget: 1 }).verdict).toBe("REFUTED");
});
