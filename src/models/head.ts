/** The head of a decoder as a graph: the last norm, then the logits of a range of the vocabulary, for one token. */
import { type Graph, graph } from "../dsl/graph.ts";
import { add, mul, tanh } from "../dsl/ops/index.ts";
import { input, named, type Tensor, weight } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { heldAt } from "./blocks/held.ts";
import { rmsNorm } from "./blocks/norm.ts";
import { project } from "./blocks/project.ts";
import { DEFAULT_SPELLING, type Spelling } from "./blocks/spelling.ts";
import type { Decoder } from "./decoder.ts";
import { residualOf } from "./exponents.ts";
import { wholeName } from "./tensor-names.ts";

/** Tokens [begin, end) of the vocabulary. */
export interface VocabRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * hidden [1, d, 1, 1], the row that the last layer gives, to logits [1, end − begin, 1, 1]: RMSNorm, a 1×1 convolution by rows of the
 * head (of the embedding where they are tied), and the cap of the logits where the decoder has one.
 * @throws UserError for a range that is empty or outside the vocabulary
 */
export function headGraph(decoder: Decoder, { begin, end }: VocabRange, spelling: Partial<Spelling> = {}): Graph {
  const { hiddenSize: d, vocab, eps, gain, logitCap: cap, tiedHead } = decoder;
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin < end && end <= vocab))
    throw new UserError(`a head of tokens ${begin} to ${end} is not within the vocabulary of ${vocab}`);
  const how = { ...DEFAULT_SPELLING, ...spelling };
  const hidden = input("hidden", [1, d, 1, 1]);
  const gamma: Tensor<Shape, "fp16"> = weight(wholeName(decoder, "finalNorm"), [1, d, 1, 1]);
  const factor = gain === "factor" ? gamma : add(gamma, 1);
  const { head: held = 0 } = decoder.exponents ?? {};
  const norm = rmsNorm(hidden, heldAt(factor, held), { eps, form: how.norm, held: residualOf(decoder) });
  const tensor = wholeName(decoder, tiedHead ? "embedding" : "head");
  const raw = project(named("norm", norm), { tensor, outputs: end - begin, rows: [begin, end] }, how.projection);
  const logits = named("logits", cap === undefined ? heldAt(raw, -held) : mul(tanh(mul(raw, 2 ** held / cap)), cap));
  return graph({ name: `head_${begin}to${end}`, inputs: [hidden], states: [], outputs: { logits } });
}
