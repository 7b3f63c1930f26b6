/**
 * What the on-device compiler and the runtime below Core ML print when they give up a model. Core ML then falls back to the CPU and throws
 * nothing, so a line of text is all there is to see.
 */

/** A phrase of a line that means a failure, and where it was seen. */
export interface Complaint {
  readonly phrase: string;
  readonly source: string;
}

/** Every phrase that a device tool has to look for (docs/evidence.md, "Complaints"). */
export const COMPLAINTS: readonly Complaint[] = [
  { phrase: "ANECCompile", source: "apple/coremltools issue 1548" },
  { phrase: "MILCompilerForANE", source: "apple/coremltools issue 2758" },
  { phrase: "MILCompileForANE", source: "apple/ml-stable-diffusion issue 254" },
  { phrase: "ANE model load has failed", source: "FluidInference/FluidAudio issue 121" },
  { phrase: "ANECF error", source: "apple/coremltools issue 1106" },
  { phrase: "Program load failure", source: "apple/ml-stable-diffusion issue 26" },
  { phrase: "E5RT encountered", source: "apple/coremltools issue 2247" },
];

/** Where they are looked for. The unified log cannot be read on every machine, so that it is asked for of none. */
export const STREAMS = ["standard output", "standard error", "unified log"] as const;
/** Where every tool can look. */
export const NEEDED_STREAMS: readonly (typeof STREAMS)[number][] = ["standard output", "standard error"];
