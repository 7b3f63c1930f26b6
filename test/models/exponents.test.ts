import { expect, test } from "vitest";
import { PHI4_MINI } from "../../src/models/config.ts";
import { atFullSize } from "../../src/models/full-size.ts";
import { headGraph } from "../../src/models/head.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { prove } from "../../src/passes/prove/prove.ts";

test("x", () => {
  for (const [post, qk] of [
    [false, "none"],
    [true, "per_head"],
  ] as const) {
    const d = { ...PHI4_MINI, postNorms: post, qkNorm: qk, eps: 1e-6 };
    const e = { residual: 4, layers: Array.from({ length: 32 }, (_, k) => ({ attn: 1, mlp: k % 5 === 0 ? 5 : 3 })) };
    const a = decoderLayers(d, { tokens: 1, maxSeq: 64 }, { count: 4 });
    const b = decoderLayers({ ...d, exponents: e }, { tokens: 1, maxSeq: 64 }, { count: 4 });
    const v = prove(atFullSize(b, 4), a, { corollaries: false, counterexample: false });
    console.log(v.verdict, JSON.stringify(v.sizes), v.milliseconds);
    const c = decoderLayers(
      { ...d, exponents: { ...e, layers: e.layers.with(1, { attn: 1, mlp: 4 }) } },
      { tokens: 1, maxSeq: 64 },
      { count: 4 },
    );
    const w2 = prove(atFullSize(b, 3), a, { corollaries: false, counterexample: false });
    console.log(w2.verdict, JSON.stringify(w2.sizes), w2.milliseconds);
  }
}, 100000);
