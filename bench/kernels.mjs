/**
 * Speed of the fast executor on a true-size Phi-4-mini layer, side by side with numpy (OpenBLAS) doing the arithmetic
 * of its linear parts: `node bench/kernels.mjs [--rounds 15] [--threads 1,2] [--python python3]`. The contenders take turns, so that
 * whatever else the machine does meets all of them; without numpy only our own figures are printed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "1,2" },
    python: { type: "string", default: "python3" },
  },
});
const folder = await mkdtemp(join(tmpdir(), "graphc-bench-"));
try {
  const outfile = join(folder, "kernels.mjs");
  const entryPoints = [new URL("kernels.ts", import.meta.url).pathname];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  const { benchKernels } = await import(pathToFileURL(outfile).href);
  const numpy = new URL("kernels-numpy.py", import.meta.url).pathname;
  const threads = values.threads.split(",").map(Number);
  await benchKernels({ rounds: Number(values.rounds), threads, numpy: [values.python, numpy] });
} finally {
  await rm(folder, { recursive: true });
}
