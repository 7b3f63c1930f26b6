/** Two suites: `npm test` runs the short one, `npm run test:long` the files whose names end in `.long.test.ts`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LONG = "test/**/*.long.test.ts";

export default defineConfig({
  resolve: {
    alias: [
      { find: /^graphc$/, replacement: source("./src/index.ts") },
      { find: /^graphc\/testing$/, replacement: source("./src/testing/index.ts") },
    ],
  },
  test: {
    projects: [
      // Nothing keeps state between calls, so short files may share what a worker has loaded: a quarter of the time.
      { extends: true, test: { name: "short", isolate: false, include: ["test/**/*.test.ts"], exclude: [LONG] } },
      { extends: true, test: { name: "long", include: [LONG] } },
    ],
    // Vitest leaves a core unused, which is half of a small machine.
    maxWorkers: "100%",
    // A bound on hangs, not on speed: the machine that runs this may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A missing golden fails as a changed one does; `npm run golden` writes both.
    update: "none",
  },
});
