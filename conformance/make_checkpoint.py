"""A checkpoint as Hugging Face transformers itself saves it: the first real input of `graphc emit --weights`.

Phi-4-mini's configuration with two layers and a small vocabulary, or a variant of conformance/architectures.py; random
weights from a fixed seed, in two shards. The point is that none of our code writes it: config.json, the index and the
safetensors files are all transformers'.

    python make_checkpoint.py OUT [--small] [--variant NAME [--alike]] [--dtype bf16|fp16|fp32] [--layers 2] [--shards 2] [--seed 0]

Needs torch (CPU) and transformers. Prints one line of JSON: the folder, bytes, and a few weights to compare with.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from transformers import Phi3Config, Phi3ForCausalLM, PreTrainedModel

import architectures

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}

# microsoft/Phi-4-mini-instruct, config.json. The 48 long factors run from 1 to 47.77; the short ones are all 1.
LONG_FACTOR = [
    1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649, 2.446418898,
    2.735880826, 3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845, 5.351743533, 5.984965424,
    6.693110555, 7.485043894, 8.370679318, 9.36110372, 10.4687158, 11.70738129, 13.09260651, 14.64173252,
    16.37415215, 18.31155283, 20.47818807, 22.90118105, 25.61086418, 28.64115884, 32.03, 32.1, 32.13, 32.23, 32.6,
    32.61, 32.64, 32.66, 32.7, 32.71, 32.93, 32.97, 33.28, 33.49, 33.5, 44.16, 47.77,
]  # fmt: skip

TRUE_SIZES = dict(hidden_size=3072, intermediate_size=8192, num_attention_heads=24, num_key_value_heads=8)
SMALL_SIZES = dict(hidden_size=64, intermediate_size=128, num_attention_heads=4, num_key_value_heads=2)


def config_of(small: bool, layers: int) -> Phi3Config:
    """Phi-4-mini's configuration; the small one keeps every ratio that matters (3/4 rotary, GQA, LongRoPE)."""
    sizes = SMALL_SIZES if small else TRUE_SIZES
    pairs = sizes["hidden_size"] // sizes["num_attention_heads"] * 3 // 4 // 2
    return Phi3Config(
        **sizes,
        vocab_size=256,
        num_hidden_layers=layers,
        hidden_act="silu",
        rms_norm_eps=1e-5,
        max_position_embeddings=131072,
        original_max_position_embeddings=4096,
        rope_theta=10000.0,
        partial_rotary_factor=0.75,
        rope_scaling={"type": "longrope", "short_factor": [1.0] * pairs, "long_factor": LONG_FACTOR[:pairs]},
        sliding_window=262144,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )


def randomise(model: PreTrainedModel, seed: int) -> None:
    """Weights of the size that keeps rows at rms about 1; norms between 0.5 and 1.5, not the ones of a new model."""
    generator = torch.Generator().manual_seed(seed)
    # Gemma stores what a norm's factor is beyond 1.
    middle = 0 if model.config.model_type.startswith("gemma") else 1
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = torch.rand(parameter.shape, generator=generator, dtype=torch.float32) * 2 - 1
            if parameter.dim() == 1:
                parameter.copy_((0 if name.endswith(".bias") else middle) + values / 2)
            else:
                parameter.copy_(values * (3 / parameter.shape[-1]) ** 0.5)


def main(argv=None) -> None:
    """The command; `argv` are its arguments, those of the process when absent."""
    parser = argparse.ArgumentParser(description="Save a phi3 checkpoint with Hugging Face transformers.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--small", action="store_true", help="hidden size 64 instead of 3072")
    parser.add_argument("--variant", choices=architectures.VARIANTS, help="instead of Phi-4-mini; small")
    parser.add_argument("--alike", action="store_true", help="sizes of a variant that coincide")
    parser.add_argument("--dtype", choices=DTYPES, default="bf16")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--shards", type=int, default=2, help="1 gives model.safetensors and no index")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.out.exists() and any(args.out.iterdir()):
        sys.exit(f"{args.out} is not empty: name a new folder")

    usual = torch.get_default_dtype()
    torch.set_default_dtype(DTYPES[args.dtype])
    try:
        if args.variant is None:
            model = Phi3ForCausalLM(config_of(args.small, args.layers))
        else:
            model = architectures.model_of(args.variant, architectures.ALIKE if args.alike else architectures.APART)
    finally:
        torch.set_default_dtype(usual)
    randomise(model, args.seed)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    # A shard holds whole tensors: a little more than an equal share gives the wanted number.
    shard = size + 1 if args.shards == 1 else int(size / args.shards * 1.1)
    model.save_pretrained(args.out, max_shard_size=shard)

    files = sorted(path.name for path in args.out.glob("*.safetensors"))
    if len(files) != args.shards:
        sys.exit(f"wanted {args.shards} shards, transformers wrote {len(files)}: {files}")
    probe = {name: p.flatten()[:4].float().tolist() for name, p in model.named_parameters()}
    print(json.dumps({"folder": str(args.out), "bytes": size, "files": files, "first": probe}))


if __name__ == "__main__":
    main()
