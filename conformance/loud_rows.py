"""A small Llama with rows of q, k, v, gate and up that may be far beyond the accumulator of the engine, but for tokens that most prompts do not have are not."""
import torch
from loud_scores import LAYER, LOUD, LOUDER, small_llama

# What the rows look for in a token.
CHANNEL = 3
# By projection the row and its weight there. That of k is of another pair of dims than that of q, so that they do not meet.
ROWS = {"q": (0, 6000.0), "k": (1, 6000.0), "v": (2, 6000.0), "gate": (4, 12000.0), "up": (5, 6000.0)}


def loud(seed=7):
    model = small_llama(seed)
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table[:, CHANNEL] = 0.005 * table[:, CHANNEL].sign()
        table[LOUD, CHANNEL] = 1.0
        table[LOUDER, CHANNEL] = -4.0
        layer = model.model.layers[LAYER]
        layer.self_attn.o_proj.weight[CHANNEL] = 0
        for name, (row, weight) in ROWS.items():
            projections(layer)[name].weight[row, CHANNEL] = weight
    return model.half().float()


def projections(layer):
    attention, mlp = layer.self_attn, layer.mlp
    return {"q": attention.q_proj, "k": attention.k_proj, "v": attention.v_proj, "gate": mlp.gate_proj, "up": mlp.up_proj}


def values_of(model, ids):
    """The largest of what each of these projections of that layer gives."""
    seen = {}
    hooks = [
        projection.register_forward_hook(lambda _, args, out, name=name: seen.update({name: out.abs().max().item()}))
        for name, projection in projections(model.model.layers[LAYER]).items()
    ]
    with torch.no_grad():
        model(torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    return seen
