/** The text of the whole kernel module; scripts/kernels.mjs assembles it into ../module.gen.ts. */
import { binaryKernels } from "./binary.ts";
import { dotKernels } from "./dot.ts";
import { mixKernels } from "./mix.ts";
import { packKernels } from "./pack.ts";

/** WebAssembly text with every kernel as an export; memory is imported and shared between threads. */
export const kernelModule = (): string => `(module (import "env" "memory" (memory 1 65536 shared))
${[...dotKernels, ...packKernels, ...mixKernels, ...binaryKernels].join("\n")})`;

/** Features of WebAssembly that wabt must allow; all are standard since 2021 (no relaxed SIMD). */
export const FEATURES = { simd: true, threads: true, bulk_memory: true };
