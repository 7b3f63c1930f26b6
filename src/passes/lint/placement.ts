/** Ops and types that leave the Neural Engine, or that its compiler refuses. */
import { operandsOf } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { isFloat, type Shape, show } from "../../dsl/type.ts";
import { type LintRule, type OpValue, operand, perOp } from "./lint-rule.ts";
import { PLACEMENT_RECORD } from "./placement-record.ts";

const MAX_AXIS = 16384;

/** Each keeps one op, or all of the graph, off the engine where it is broken. */
export const placementRules: readonly LintRule[] = [
  {
    id: "attention-rank",
    severity: "error",
    says: "matmul, softmax and fused attention have rank 4 or less",
    source: "pytorch/executorch examples/apple/coreml/llama/readme.md; issues 15833, 16057",
    find: perOp(({ def, type }) =>
      has(def, "attention") && type.shape.length > 4
        ? `${def.op} has rank ${type.shape.length}; attention must have rank 4 or less: fold an axis into the batch`
        : undefined,
    ),
  },
  {
    id: "fp32",
    severity: "error",
    says: "no op computes fp32",
    source: "pytorch/executorch examples/apple/coreml/llama/readme.md; smpanaro/more-ane-transformers NOTES.md",
    find: perOp(({ def, type }) =>
      type.dtype === "fp32"
        ? `${def.op} computes ${show(type)}; the engine runs fp16 only: keep the path in fp16`
        : undefined,
    ),
  },
  {
    id: "gather",
    severity: "warning",
    says: "no gather reads at run-time positions",
    source: `apple/ml-ane-transformers README (embedding on the CPU); pytorch/executorch issue 7616; ${PLACEMENT_RECORD.source} (not taken; others ship it for rows of RoPE)`,
    find: perOp((value, constants) =>
      has(value.def, "gathers") && !constants.has(operand(value, "indices")!)
        ? `${value.def.op} by a run-time index has been seen to run on the CPU: feed the gathered rows as an input`
        : undefined,
    ),
  },
  {
    id: "fused-attention",
    severity: "error",
    says: "attention is written out, not `scaled_dot_product_attention`",
    source: "pytorch/executorch issues 16057, 16144 (wrong numbers on iOS 26); john-rocky/CoreML-LLM commit 64cbdca",
    find: perOp(({ def }) =>
      def.op === "scaled_dot_product_attention"
        ? "the fused attention op gave wrong numbers on the engine: write matmul, add, softmax, matmul"
        : undefined,
    ),
  },
  {
    id: "projection",
    severity: "warning",
    says: "a product with a constant weight is a 1x1 convolution",
    source: "apple/ml-ane-transformers; anemll/Anemll CLAUDE.md (practice; linear has also been seen on the engine)",
    find: perOp((value, constants) => {
      const weight = operandsOf(value.def)[1];
      return has(value.def, "projects") && weight && weight.type.shape.length > 1 && constants.has(weight)
        ? `${value.def.op} with a constant weight: a 1x1 convolution over [1,C,T,1] is what the engine is known to take`
        : undefined;
    }),
  },
  {
    id: "axis-size",
    severity: "warning",
    says: "no axis is longer than 16384, of tables neither",
    source:
      "anemll/Anemll docs/qwen3.md (16384 on A13-A15 and M1-M3; 65536 from A17/M4), commit 6ecb10d (a RoPE table of more rows)",
    find: perOp(({ def, type }) => {
      const longest = (shape: Shape): number => Math.max(0, ...shape);
      // A table has no op of its own: whoever looks into it reads all of the axis.
      const [own, ...read] = [type, ...operandsOf(def).map((x) => x.type)].map(({ shape }) => longest(shape));
      const size = Math.max(own!, ...read);
      if (size <= MAX_AXIS) return undefined;
      return `${def.op} ${own === size ? "has" : "reads"} an axis of ${size}; before M4 the engine stops at ${MAX_AXIS}: split it`;
    }),
  },
  {
    id: "choice",
    severity: "warning",
    says: "no op chooses or orders elements: the largest logit is for the host to find",
    source: `ane-book journals 048, 079 (topk of a head and its cast on the CPU; M4 Max); john-rocky/CoreML-LLM QWEN35_LESSONS (argmax of palettised heads differs between engine and CPU); ${PLACEMENT_RECORD.source} (a topk alone is taken)`,
    find: perOp((value, constants) =>
      has(value.def, "ranks") && !constants.has(value)
        ? `${value.def.op} has been seen to run on the CPU, and to choose otherwise there: give out what it chooses from`
        : undefined,
    ),
  },
  {
    id: "block-scale",
    severity: "error",
    says: "the scale of a quantised weight varies along its first axis alone, the output channels",
    source: "apple/coreai-models issues 55, 205; pytorch/executorch coreml readme (per-channel yes, blockwise no)",
    find: perOp((value) => {
      if (value.def.op !== "constexpr_blockwise_shift_scale" || scalesTable(value)) return undefined;
      const scale = operand(value, "scale")!.type.shape;
      return scale.slice(1).some((n) => n > 1)
        ? `scale [${scale.join(",")}] varies along the input channels: every convolution would leave the engine; use one scale per output channel`
        : undefined;
    }),
  },
  {
    id: "quantised-product",
    severity: "warning",
    says: "what is quantised is the weight of a convolution or of linear, or a table of rows",
    source:
      "ane-book experiment 31 (linear_quantize_weights takes every large constant, matrices of products among them)",
    find: perOp(({ def }) => {
      const isMeant = (has(def, "contracts") && !has(def, "attention")) || has(def, "gathers");
      if (isMeant || has(def, "moves") || has(def, "view") || has(def, "constexpr")) return undefined;
      return operandsOf(def).some((x) => x.def.kind === "op" && has(x.def, "constexpr"))
        ? `${def.op} reads a quantised constant: a quantiser takes every large one unless it is told; if that one was not meant, leave it out`
        : undefined;
    }),
  },
  {
    id: "scaled-palette",
    severity: "warning",
    says: "a palettised weight has no scale of its own",
    source: "john-rocky/CoreML-LLM DECODE_STATE_LAYOUTS (look-up and scale in two ops: error −14 when it is loaded)",
    find: perOp((value) =>
      value.def.op === "constexpr_blockwise_shift_scale" && scalesTable(value)
        ? "scales a palettised weight, or its table: loading such a model for the engine was seen to fail; palettise without enable_per_channel_scale"
        : undefined,
    ),
  },
];

/** Whether what is scaled are floats, those of a table or of a palettised weight. */
function scalesTable(value: OpValue): boolean {
  const { dtype } = operand(value, "data")!.type;
  // A weight in fp16 that is read as fp32 has a scale of 1 (src/emit/read/lift/compressed.ts).
  return isFloat(dtype) && dtype === value.type.dtype;
}
