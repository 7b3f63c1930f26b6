import { expect, test } from "vitest";
import { PHI4_MINI } from "../../src/models/config.ts";
import { atFullSize } from "../../src/models/exponents.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { headGraph } from "../../src/models/head.ts";
import { prove } from "../../src/passes/prove/prove.ts";

test("x", () => {
  for (const [post, qk] of [[false, "none"], [true, "per_head"]] as const) {
  const d = { ...PHI4_MINI, postNorms: post, qkNorm: qk, eps: 1e-6 };
  const e = { residual: 4, layers: Array.from({ length: 32 }, () => ({ attn: 1, mlp: 5 })) };
  const a = decoderLayers(d, { tokens: 2, maxSeq: 64 });
  const b = decoderLayers({ ...d, exponents: e }, { tokens: 2, maxSeq: 64 });
  const v = prove(atFullSize(b, 4), a, { corollaries: false, counterexample: false });
  console.log(v.verdict, JSON.stringify(v).slice(0, 2500));
  const b1 = decoderLayers({ ...d, exponents: e }, { tokens: 1, maxSeq: 64 });
  const w = prove(b, b1, { corollaries: false, counterexample: false });
  console.log(w.verdict, (w as any).level);
  const h = prove(atFullSize(headGraph({ ...d, exponents: e }, { begin: 0, end: 100 }), 4), headGraph(d, { begin: 0, end: 100 }), { corollaries: false });
  console.log(h.verdict, (h as any).level, JSON.stringify(h).slice(0, 600));
  }
});
