import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { graphc: fileURLToPath(new URL("./src/index.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    // A bound on hangs, not on speed: the machine that runs this may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A missing golden fails as a changed one does; `npm run golden` writes both.
    update: "none",
  },
});
