/** docs/engine-rules.md is printed from the lint rules. */
import { expect, test } from "vitest";
import { engineRulesDoc } from "../../../scripts/engine-rules-doc.ts";

test("docs/engine-rules.md is what the rules print", async () => {
  await expect(engineRulesDoc()).toMatchFileSnapshot("../../../docs/engine-rules.md");
});
