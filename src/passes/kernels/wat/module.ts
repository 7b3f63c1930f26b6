/** The text of the whole kernel module; scripts/kernels.mjs assembles it into ../module.gen.ts. */
import { binaryKernels } from "./binary.ts";
import { dotKernels } from "./dot.ts";
import { fixedPointKernels } from "./fixed-point.ts";
import { gramKernels } from "./gram.ts";
import { mixKernels } from "./mix.ts";
import { packKernels } from "./pack.ts";
import { softmaxKernels } from "./softmax.ts";

const all: readonly string[] = [
  ...dotKernels,
  ...packKernels,
  ...mixKernels,
  ...binaryKernels,
  ...softmaxKernels,
  ...fixedPointKernels,
  ...gramKernels,
];

/** WebAssembly text with every kernel as an export; memory, shared between threads, and Math.exp are imported. */
export const kernelModule = (): string => `(module (import "env" "memory" (memory 1 65536 shared))
(import "env" "exp" (func $exp (param f64) (result f64)))
${all.join("\n")})`;

/** Features of WebAssembly that wabt must allow; all are standard since 2021 (no relaxed SIMD). */
export const FEATURES = { simd: true, threads: true, bulk_memory: true };
