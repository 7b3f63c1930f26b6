"""Small configurations of every architecture that graphc reads, for transformers' own classes to be made of.

Each is there at sizes that differ from each other (`apart`), where they can at sizes that coincide with each other and
with a block of four tokens (`alike`), and in the variants that its class has: windows, biases, RoPE scalings.
"""

import transformers

APART = dict(hidden_size=48, intermediate_size=40, num_attention_heads=6, num_key_value_heads=2, head_dim=10)
ALIKE = dict(hidden_size=16, intermediate_size=16, num_attention_heads=4, num_key_value_heads=4, head_dim=4)
COMMON = dict(vocab_size=64, rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=0, pad_token_id=0)
LONG = dict(max_position_embeddings=4096)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64, rope_theta=10000.0)  # fmt: skip
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64, rope_theta=10000.0)
LINEAR = dict(rope_type="linear", factor=4.0, rope_theta=10000.0)
# Where LongRoPE goes over to its long list, and where it ends.
LONGROPE_ORIGINAL, LONGROPE_MOST = 64, 256
GEMMA = dict(query_pre_attn_scalar=20, sliding_window=12)

# Name: the class, what it adds to the sizes, how many layers, and which of them are run.
VARIANTS = {
    "phi3": ("Phi3", dict(head_dim=8), 2, (0, 1)),
    "phi3, longrope": ("Phi3", dict(longrope=True), 2, (0, 1)),
    "phi3, a window": ("Phi3", dict(head_dim=8, sliding_window=12), 2, (1,)),
    "llama": ("Llama", dict(), 2, (0, 1)),
    "llama, biases": ("Llama", dict(attention_bias=True, mlp_bias=True), 2, (1,)),
    "llama, llama3": ("Llama", dict(rope_parameters=LLAMA3), 2, (1,)),
    "llama, linear": ("Llama", dict(rope_parameters=LINEAR), 2, (1,)),
    "llama, yarn": ("Llama", dict(rope_parameters=YARN), 2, (1,)),
    "mistral, a window": ("Mistral", dict(sliding_window=12), 2, (0, 1)),
    "qwen2": ("Qwen2", dict(), 2, (0, 1)),
    "qwen2, windows": ("Qwen2", dict(use_sliding_window=True, sliding_window=12, max_window_layers=1), 2, (0, 1)),
    "qwen3": ("Qwen3", dict(), 2, (0, 1)),
    "qwen3, yarn": ("Qwen3", dict(rope_parameters=YARN), 2, (1,)),
    "smollm3": ("SmolLM3", dict(), 4, (2, 3)),
    "gemma2": ("Gemma2", GEMMA, 2, (0, 1)),
    "gemma3": ("Gemma3Text", GEMMA, 6, (4, 5)),
    "gemma3, which sees": ("Gemma3", GEMMA, 6, (4, 5)),
    "gemma3, linear": ("Gemma3Text", GEMMA | dict(rope_parameters={
        "full_attention": dict(rope_type="linear", factor=8.0, rope_theta=1e6),
        "sliding_attention": dict(rope_type="default", rope_theta=1e4)}), 6, (5,)),
}  # fmt: skip

MODELS = {"Gemma3Text": "Gemma3ForCausalLM", "Gemma3": "Gemma3ForConditionalGeneration"}
EYES = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8)


def longrope_of(fields: dict) -> dict:
    """Both lists differ from each other, and from none, in every pair of dims."""
    head_dim = fields["hidden_size"] // fields["num_attention_heads"]
    pairs = head_dim // 2
    lists = dict(short_factor=[1.25 + 0.25 * j for j in range(pairs)], long_factor=[3.0 + 2 * j for j in range(pairs)])
    return dict(
        head_dim=head_dim,
        max_position_embeddings=LONGROPE_MOST,
        original_max_position_embeddings=LONGROPE_ORIGINAL,
        rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=1.0, **lists),
    )


def model_of(variant: str, sizes: dict) -> transformers.PreTrainedModel:
    """The class with weights as it makes them."""
    name, more, layers, _ = VARIANTS[variant]
    fields = COMMON | LONG | sizes | more
    if fields.pop("longrope", False):
        fields |= longrope_of(fields)
    fields |= dict(num_hidden_layers=layers)
    if name == "Gemma3":
        fields = dict(text_config=fields, vision_config=EYES, mm_tokens_per_image=1)
    config = getattr(transformers, f"{name}Config")(**fields)
    return getattr(transformers, MODELS.get(name, f"{name}ForCausalLM"))(config)
