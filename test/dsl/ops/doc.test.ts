/** docs/ops.md is printed from the table of ops. */
import { expect, test } from "vitest";
import { opsDoc } from "../../../scripts/ops-doc.ts";

test("docs/ops.md is what the table prints", async () => {
  await expect(opsDoc()).toMatchFileSnapshot("../../../docs/ops.md");
});
