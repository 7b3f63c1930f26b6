import { defineConfig } from "vitest/config";

// A proof takes seconds. This is a bound on hangs, not on speed: the machine may be busy.
export default defineConfig({ test: { testTimeout: 120_000 } });
