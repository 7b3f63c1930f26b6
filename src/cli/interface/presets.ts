/** Interfaces of hosts that people have, as data: what each feeds to the inputs of its packages, by their names. */
import type { StatedFacts } from "../../dsl/role.ts";

/** What a host feeds to inputs of these names. A capital letter X in `rows` and `state` stands for what `.*` of the pattern matched. */
export interface InputRule {
  readonly names: RegExp;
  readonly facts: StatedFacts;
}

/** The interface of one host. Of two rules for a name the first counts; an input of another name has the role that it has without. */
export interface Preset {
  readonly name: string;
  /** Whose packages these are. */
  readonly host: string;
  readonly inputs: readonly InputRule[];
  /** Outputs that the host does not read where a block of several tokens gives one row of them: its states are what it is for. */
  readonly oneRow?: RegExp;
  /** What the functions of a package are called, where it has a block and a step. */
  readonly functions?: { readonly block: string; readonly step: string };
}

const ROWS = { kind: "rows" } as const;
const POSITION = { kind: "position" } as const;
const HIDDEN_BY_INFINITY = { kind: "mask", open: 0, closed: Number.NEGATIVE_INFINITY } as const;
const WRITE_MASK = { kind: "write_mask" } as const;

/** All of them; docs/interface.md lists them. */
export const PRESETS: readonly Preset[] = [
  {
    name: "ane-book",
    host: "the runtime of the ane-book",
    inputs: [
      { names: /^x$/, facts: ROWS },
      { names: /^attn_mask(_local)?$/, facts: { kind: "mask", open: 0, closed: -10_000 } },
      { names: /^kv_write_mask$/, facts: WRITE_MASK },
      { names: /^rope_cos(_local)?$/, facts: { kind: "rows", rope: "cos" } },
      { names: /^rope_sin(_local)?$/, facts: { kind: "rows", rope: "sin" } },
      {
        names: /^layers_(.*)_cache$/,
        facts: { kind: "cache", update: "slot", rows: "layers_X_rows", state: "layers_X_state" },
      },
    ],
  },
  {
    // Its host: batches of a prompt through prefill, then infer, with one state for all of them.
    name: "anemll",
    host: "Anemll 0.3",
    inputs: [
      { names: /^(hidden_states|input_ids)$/, facts: ROWS },
      { names: /^position_ids$/, facts: { kind: "position", first: "current_pos" } },
      { names: /^current_pos$/, facts: POSITION },
      { names: /^causal_mask$/, facts: HIDDEN_BY_INFINITY },
    ],
    // The last chunk's prefill gives one row, and leaves out the last feed-forward network.
    oneRow: /^output_hidden_states$/,
    functions: { block: "prefill", step: "infer" },
  },
  {
    name: "coreml-llm",
    host: "CoreML-LLM",
    inputs: [
      { names: /^(hidden_in|hidden_states|input_ids|per_layer_raw|per_layer_combined|image_embedding)$/, facts: ROWS },
      { names: /^cos(_s|_f)?$/, facts: { kind: "rows", rope: "cos" } },
      { names: /^sin(_s|_f)?$/, facts: { kind: "rows", rope: "sin" } },
      { names: /^(position_ids|current_pos)$/, facts: POSITION },
      { names: /^update_mask$/, facts: WRITE_MASK },
      { names: /^causal_mask(_full|_sliding)?$/, facts: HIDDEN_BY_INFINITY },
    ],
  },
  {
    // Its Core ML example feeds −30000 where rows are hidden.
    name: "executorch",
    host: "ExecuTorch's Core ML Llama",
    inputs: [
      { names: /^(tokens|x|h)$/, facts: ROWS },
      { names: /^(freqs|rope)_cos$/, facts: { kind: "rows", rope: "cos" } },
      { names: /^(freqs|rope)_sin$/, facts: { kind: "rows", rope: "sin" } },
      { names: /^input_pos$/, facts: POSITION },
      { names: /^attn_mask$/, facts: { kind: "mask", open: 0, closed: -30_000 } },
      { names: /^kv_write_mask$/, facts: WRITE_MASK },
      { names: /^(.*)_cache$/, facts: { kind: "cache", update: "slot", rows: "new_X" } },
    ],
  },
  {
    name: "hf",
    host: "layers of Hugging Face's transformers",
    inputs: [
      { names: /^(hidden_states|inputs_embeds|input_ids|inputIds)$/, facts: ROWS },
      { names: /^cos$/, facts: { kind: "rows", rope: "cos" } },
      { names: /^sin$/, facts: { kind: "rows", rope: "sin" } },
      { names: /^(attention_mask|causal_mask|causalMask)$/, facts: { kind: "mask", open: 0, closed: -10_000 } },
      { names: /^(position|positions|position_ids|cache_position)$/, facts: POSITION },
    ],
  },
];
