/** Every fault on a layer spelled in none of the default ways. */
import type { Spelling } from "../../src/models/blocks/spelling.ts";
import { faultsShow } from "../support/phi/faults.ts";

const OTHER: Partial<Spelling> = {
  qkv: "split",
  projection: "matmul",
  write: "scatter",
  gqa: "loop",
  scale: "masked",
  softmax: "decomposed",
  rope: "rotate_half",
  gateUp: "split",
  transposes: "late",
  norm: "layer_norm",
};

faultsShow("all else", OTHER);
