"""A small Llama with one head whose scores may be far above the limit, but for tokens that most prompts do not have are not."""
import torch
from transformers import LlamaConfig, LlamaForCausalLM

WIDTH, HEADS, KV_HEADS, HEAD, LAYERS, VOCAB = 64, 4, 2, 16, 4, 96
# Tokens whose rows have what the head looks for, the second one more of it; the layer, and the two channels.
LOUD, LOUDER, LAYER, ASKED, KEPT = 90, 91, 0, 3, 5
WEIGHT = 40.0


def small_llama(seed):
    """Every matrix normal, so that no row is like another."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD, intermediate_size=128, num_hidden_layers=LAYERS,
        vocab_size=VOCAB, max_position_embeddings=64, pad_token_id=0, bos_token_id=2, eos_token_id=1, tie_word_embeddings=False)  # fmt: skip
    model = LlamaForCausalLM(config).eval().float()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0, 0.3)
        # Neither the loud tokens are said, nor what ends a text.
        model.lm_head.weight[[1, 2, LOUD, LOUDER]] = 0
    return model


def loud(seed=5):
    model = small_llama(seed)
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table[:, [ASKED, KEPT]] *= 0.05
        table[LOUD, [ASKED, KEPT]] = 2.0
        table[LOUDER, [ASKED, KEPT]] = 4.0
        # RoPE hardly turns the last pair of a head.
        attention = model.model.layers[LAYER].self_attn
        attention.q_proj.weight[HEAD // 2 - 1, ASKED] = WEIGHT
        attention.k_proj.weight[HEAD // 2 - 1, KEPT] = WEIGHT
    return model.half().float()


def scores_of(model, ids):
    """The largest score of that layer, before the mask and over all pairs of tokens."""
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    seen = {}
    attention = model.model.layers[LAYER].self_attn
    hook = attention.register_forward_pre_hook(lambda _, args, kwargs: seen.update(kwargs), with_kwargs=True)
    with torch.no_grad():
        model(torch.tensor([ids]))
        hook.remove()
        x = seen["hidden_states"]
        q, k = (p(x).view(1, len(ids), -1, HEAD).transpose(1, 2) for p in (attention.q_proj, attention.k_proj))
        q, k = apply_rotary_pos_emb(q, k, *seen["position_embeddings"])
        scores = q @ k.repeat_interleave(HEADS // KV_HEADS, dim=1).transpose(2, 3) * HEAD**-0.5
    return scores.abs().max().item()
