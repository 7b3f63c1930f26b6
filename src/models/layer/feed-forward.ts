/** The gated feed-forward of a decoder layer. */
import { gelu, mul, silu } from "../../dsl/ops/index.ts";
import { heldAt } from "../blocks/held.ts";
import { project, projectParts } from "../blocks/project.ts";
import type { Activation } from "../decoder.ts";
import { exponentsOf, residualOf } from "../exponents.ts";
import { clippedPart, type LayerParts, matrix, norm, type Value } from "./parts.ts";

/** Wdown · (up · act(gate)) on norm(h): GLU variants, arXiv 2002.05202. The activation is of a gate at full size. */
export function feedForward(h: Value, parts: LayerParts): Value {
  const { decoder: c, how, name } = parts;
  const { mlp: held, rows } = exponentsOf(c, parts.layer);
  const normed = name("mlp.norm", norm(h, "mlp_norm", parts, { held: residualOf(c), gain: rows.mlp }));
  const { gate, up } = gateAndUp(normed, parts);
  const whole = heldAt(clippedPart("gate", gate, parts), -rows.mlp);
  const act = name("mlp.act", mul(heldAt(name("up", up), held - rows.mlp), ACTIVATIONS[c.activation](whole)));
  const Wdown = { ...matrix("down", c.hiddenSize, c.biases.mlp, parts), held };
  return name("mlp.out", project(act, Wdown, how.projection));
}

function gateAndUp(normed: Value, parts: LayerParts) {
  const { decoder: c, how } = parts;
  const sizes = { gate: c.ffnSize, up: c.ffnSize };
  const whole = c.stored.gateUp === "fused" ? "gate_up" : sizes;
  const stored = { ...matrix(whole, 2 * c.ffnSize, c.biases.mlp, parts), held: exponentsOf(c, parts.layer).rows.mlp };
  return projectParts(normed, stored, sizes, how.projection, how.gateUp);
}

const ACTIVATIONS: Readonly<Record<Activation, (x: Value) => Value>> = {
  silu,
  gelu: (x) => gelu(x, { mode: "EXACT" }),
  gelu_tanh: (x) => gelu(x, { mode: "TANH_APPROXIMATION" }),
};
