"""A small Gemma 3 as trained ones are where it hurts: one unit writes a hidden channel beyond fp16 at the first token, which all others attend to."""
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

BOS = 2
WIDTH, HEADS, KV_HEADS, HEAD, FFN, LAYERS, VOCAB = 64, 4, 2, 16, 128, 6, 96
# The channel that grows, one that every token has alike, the unit that writes it, and in which layer.
SINK, ALIKE, UNIT, WRITER = 5, 0, 7, 1
# Gain of the norm behind that layer's feed-forward: √64 · 20000 is far beyond 65504.
GAIN = 20000.0


def sinking(seed=11):
    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD, query_pre_attn_scalar=HEAD, intermediate_size=FFN,
        num_hidden_layers=LAYERS, vocab_size=VOCAB, max_position_embeddings=64, layer_types=["full_attention"] * LAYERS, pad_token_id=0, bos_token_id=BOS,
        eos_token_id=1, initializer_range=0.3, tie_word_embeddings=False)  # fmt: skip
    model = Gemma3ForCausalLM(config).eval().float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3) if parameter.dim() == 2 else parameter.normal_(0, 0.1)
        table = model.model.embed_tokens.weight
        table[:, ALIKE] = 0.5
        table[:, SINK] = 0.05
        table[BOS] *= 3
        table[BOS, ALIKE] = 0.5
        layers = model.model.layers
        writer = layers[WRITER].mlp
        # Only the first token has this direction, and so only there the unit is on.
        direction = table[BOS] / table[BOS].norm()
        writer.gate_proj.weight[UNIT] = 12 * direction
        writer.gate_proj.weight[UNIT, ALIKE] -= 40
        writer.up_proj.weight[UNIT] = 12 * direction
        writer.down_proj.weight[:, UNIT] = 0
        writer.down_proj.weight[SINK] *= 0.01
        writer.down_proj.weight[SINK, UNIT] = 60
        layers[WRITER].post_feedforward_layernorm.weight[SINK] = GAIN
        for layer in layers[WRITER + 1 :]:
            # Every query has what the key of that token is made of.
            key = torch.randn(HEAD)
            for head in range(KV_HEADS):
                layer.self_attn.k_proj.weight[head * HEAD : (head + 1) * HEAD, SINK] = key
            for head in range(HEADS):
                layer.self_attn.q_proj.weight[head * HEAD : (head + 1) * HEAD, ALIKE] = key
    return model


def hidden_most(model, ids):
    """The largest element of each hidden row, over all layers."""
    with torch.no_grad():
        rows = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    return torch.stack(rows[:-1]).abs().amax(dim=(0, 1, 3)).tolist()

