"""transformers' Llama with the weights of a GGUF file, or with those that coremltools unpacks from the packages of a build."""
import numpy as np
import torch
from test_palette import convolved
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint


def llama_of(file):
    """The dequantised weights in float32; head and embedding are one."""
    config = {name: value for name, value in load_gguf_checkpoint(file)["config"].items() if not name.startswith("_")}
    model = LlamaForCausalLM(LlamaConfig(**{**config, "tie_word_embeddings": True}))
    tensors = load_gguf_checkpoint(file, return_tensors=True, model_to_load=model)["tensors"]
    found = model.load_state_dict(tensors, strict=False)
    assert found.unexpected_keys == [] and set(found.missing_keys) <= {"lm_head.weight"}
    model.tie_weights()
    return model.eval()


def palettised(file, folder):
    """Its matrices are those of a build's packages, of which the head is one; the embedding stays as it was."""
    model = llama_of(file)
    shards = sorted(folder.glob("*.mlpackage"), key=lambda path: int(path.name.split("layer")[1].split("_")[0]))
    heads = sorted(folder.glob("lm_head_shards/*.mlpackage"))
    layers, head = ([weight[:, :, 0, 0] for package in parts for _, weight in convolved(package)] for parts in (shards, heads))
    weights = iter(torch.from_numpy(weight.astype(np.float32)) for weight in layers)
    for layer in model.model.layers:
        a, m = layer.self_attn, layer.mlp
        for linears in ([a.q_proj, a.k_proj, a.v_proj], [a.o_proj], [m.gate_proj, m.up_proj], [m.down_proj]):
            for linear, part in zip(linears, next(weights).split([linear.out_features for linear in linears])):
                linear.weight.data = part
    assert next(weights, None) is None
    model.lm_head.weight = torch.nn.Parameter(torch.from_numpy(np.concatenate(head).astype(np.float32)))
    return model
