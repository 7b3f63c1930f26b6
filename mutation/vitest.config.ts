/** The tests that mutants are run against: all of the ops, and those of the prover that are quick. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { graphc: fileURLToPath(new URL("../src/index.ts", import.meta.url)) } },
  test: {
    include: ["test/passes/prove/**/*.test.ts", "test/dsl/ops/*.test.ts"],
    exclude: ["test/**/*.long.test.ts", "test/passes/prove/{prove,fuzz,mutants}.test.ts"],
    isolate: false,
    testTimeout: 120_000,
    update: "none",
  },
});
