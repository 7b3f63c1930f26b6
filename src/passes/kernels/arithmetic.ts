/** The arithmetic in which a graph is run. */
import type { Precision } from "../interpret/reading.ts";

/** `fp16` is the reference's arithmetic and `fp64` the yardstick; `engine` is that of the Neural Engine (src/passes/engine), on stored fp16. */
export type Arithmetic = Precision | "engine";
