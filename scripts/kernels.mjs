/**
 * Assembles the WebAssembly kernels: `node scripts/kernels.mjs` writes src/passes/kernels/module.gen.ts. Run it after any
 * change to src/passes/kernels/wat; test/passes/run/run.test.ts fails when it was forgotten.
 */
import { writeFile } from "node:fs/promises";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import wabt from "wabt";

const { outputFiles } = await build({
  entryPoints: ["src/passes/kernels/wat/module.ts"],
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
});
const { kernelModule, FEATURES } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);
const module = (await wabt()).parseWat("kernels.wat", kernelModule(), FEATURES);
module.validate(FEATURES);
const { buffer } = module.toBinary({});
const text = brotliCompressSync(buffer).toString("base64");
await writeFile(
  "src/passes/kernels/module.gen.ts",
  `/** The assembled kernels, as Brotli, in base64. Made by \`node scripts/kernels.mjs\` from src/passes/kernels/wat; do not edit. */
export const KERNELS_BASE64 =
  "${text}";
`,
);
console.log(`src/passes/kernels/module.gen.ts: ${buffer.length} bytes of WebAssembly`);
