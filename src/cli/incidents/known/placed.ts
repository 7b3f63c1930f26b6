/** Ops and sizes that leave the engine. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import * as o from "../../../dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";
import type { Caught, Incident, Replay, Variant } from "../incident.ts";
import { book, either, givingY, pkg, study, type Value } from "./small.ts";

/** Checked for a chip. */
const onChip = (line: (variant: Variant) => Graph, caught: Caught): Replay => ({
  line: (variant) => ["check", pkg("model", line(variant)), "--target", "m4"],
  caught,
});

/** A head, with the choice of its largest logit in it or left to the host. */
function head(chooses: boolean): Graph {
  const x = input("hidden", [1, 64, 1, 1]);
  const logits = o.conv(x, weight("lm_head.weight", [256, 64, 1, 1]));
  if (!chooses) return givingY(logits, x);
  const [best, at] = o.topk(o.reshape(logits, { shape: [1, 256] }), { k: 1 });
  return graph({ name: "head", inputs: [x], states: [], outputs: { best, at: o.cast(at, { dtype: "int32" }) } });
}

const one = (make: (x: Value) => Tensor, shape: readonly number[] = [1, 64, 16, 16]): Graph => {
  const x = input("x", shape) as Value;
  return givingY(make(x), x);
};

const convolved = (kernel: number) => one((x) => o.conv(x, weight("w", [64, 64, 1, kernel])), [1, 64, 1, 64]);

/** A projection of a square of so many rows by as many channels. */
const projected = (width: number): Graph =>
  one((x) => o.conv(x, weight("w", [width, width, 1, 1])), [1, width, 1, width * 4]);

/** Incidents of placement, and rules that a study of the engine measured. */
export const placed: readonly Incident[] = [
  {
    id: "I-12",
    happened: "24 of 32 layers in one package compiled, and none of its 96 convolutions ran on the engine",
    sources: [book("journal 055")],
    replay: {
      line: (variant) => ["check", "phi4-mini", "--layers", either(variant, "12", "10"), "--max-seq", "32"],
      caught: { by: "rule", rule: "size" },
      standsFor: "half as many layers of fp16, which are as many bytes as all of them in int8",
    },
  },
  {
    id: "I-13",
    happened: "the head chose its largest logit itself: topk and the cast of its place went to the CPU",
    sources: [book("journals 048, 079")],
    replay: {
      line: (variant) => ["check", pkg("head", head(variant === "faulty"))],
      caught: { by: "rule", rule: "choice" },
    },
  },
  {
    id: "M-01",
    happened: "an axis longer than 65536 is refused by the engine",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip((variant) => one((x) => o.exp(x), [1, 1, 1, either(variant, 65537, 65536)]), {
      by: "placement",
      op: "exp",
      refusal: "axis",
    }),
  },
  {
    id: "M-02",
    happened:
      "a product of two matrices that come at run time leaves the engine where it sums over more than 32768 terms",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip(
      (variant) => {
        const n = either(variant, 32769, 32768);
        const [a, b] = [input("a", [1, 1, 1, n]), input("b", [1, 1, n, 1])];
        return givingY(o.matmul(a, b), a, b);
      },
      { by: "placement", op: "matmul", refusal: "contraction" },
    ),
  },
  {
    id: "M-03",
    happened: "a convolution whose kernel is wider than 15 runs on the CPU, and nothing says so",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip((variant) => convolved(either(variant, 16, 15)), { by: "placement", op: "conv", refusal: "kernel" }),
  },
  {
    id: "M-06",
    happened: "a maximum pool wider than 8 runs on the CPU",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip(
      (variant) =>
        one((x) => o.max_pool(x, { kernel_sizes: [1, either(variant, 9, 8)], strides: [1, 1], pad_type: "valid" })),
      { by: "placement", op: "max_pool", refusal: "kernel" },
    ),
  },
  {
    id: "M-07",
    happened: "a gather at positions that come at run time splits what the engine runs, or moves it all to the CPU",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip(
      (variant) => {
        const [x, at] = [input("x", [1, 64, 16, 16]), input("at", [4], "int32")];
        const places = either<Tensor<Shape, "int32">>(variant, at, constant([0, 1, 2, 3], [4], "int32"));
        return givingY(o.exp(o.gather(x, places, { axis: 3 })), x, ...(variant === "faulty" ? [at] : []));
      },
      { by: "placement", op: "gather", refusal: "index" },
    ),
  },
  {
    id: "M-08",
    happened: "cumsum, band_part, asin and their like have no form that the engine takes",
    sources: [study("data/03_compile/opdispatch")],
    replay: onChip((variant) => one((x) => either(variant, o.cumsum(x, { axis: 1 }), o.exp(x))), {
      by: "placement",
      op: "cumsum",
      refusal: "op",
    }),
  },
  {
    id: "M-12",
    happened: "what saves less than a quarter of a millisecond on the engine is run on the CPU",
    sources: [study("notes/coreml_dispatch.md"), book("experiments 26, 27 (a block of width 64 on the CPU)")],
    replay: onChip((variant) => projected(either(variant, 64, 512)), { by: "place", op: "conv" }),
  },
];
