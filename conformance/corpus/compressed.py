"""Pairs whose weights coremltools.optimize compressed. They lie on grids that the compression does not change, so that the
module in torch holds the numbers of the package."""

import zlib

import coremltools.optimize as cto
import torch

from . import feeds, modules
from .layer import Style
from .layers import layer
from .pair import Pair

CORE = cto.coreml


def source_of(weight):
    """Random numbers of its own for each weight."""
    return torch.Generator().manual_seed(zlib.crc32(weight.numpy().tobytes()))


def eighths(weight):
    """Whole numbers of -7 to 7 by 8; both ends are in each block of four."""
    draw = torch.randint(-7, 8, weight.shape, generator=source_of(weight))
    draw.view(-1, 4)[:, 0] = 7
    return draw / 8.0


def bytes_of(weight):
    """Whole numbers of -127 to 127 by 512, with 127 in each row; a third of them are zero."""
    source = source_of(weight)
    draw = torch.randint(-127, 128, weight.shape, generator=source)
    draw[torch.rand(weight.shape, generator=source) < 0.34] = 0
    (draw.flatten(1) if draw.dim() > 1 else draw[None])[:, 0] = 127
    return draw / 512.0


def config(kind, **how):
    return CORE.OptimizationConfig(kind(weight_threshold=0, **how))


def quantized(**how):
    return lambda model: CORE.linear_quantize_weights(model, config(CORE.OpLinearQuantizerConfig, mode="linear_symmetric", **how))


def palettized(**how):
    return lambda model: CORE.palettize_weights(model, config(CORE.OpPalettizerConfig, **how))


def pruned(model):
    return CORE.prune_weights(model, config(CORE.OpThresholdPrunerConfig, threshold=1e-4, minimum_sparsity_percentile=0.1))


COARSE = layer("coarse", "coremltools.optimize", "one_weight", Style(linear="conv", cache="blend", rope="paired"), weights=eighths)
FINE = layer("fine", "coremltools.optimize", "future", Style(cache="slice", qk_norm=True, gqa="repeat_interleave"), weights=bytes_of)
OLD = Pair("old", "coremltools.optimize", lambda tokens, plant: modules.Rows(tokens, plant, bytes_of), {"x": feeds.hidden("channels")}, ("y",), "tokens_mixed", target="iOS16")


def compressed(base, name, afterwards):
    return Pair(name, base.by, base.module, base.feeds, base.outputs, base.plant, base.states, base.carried, base.target, afterwards)


COMPRESSED = [
    compressed(COARSE, "int4_blocks", quantized(dtype="int4", granularity="per_block", block_size=4)),
    compressed(COARSE, "lut4", palettized(mode="unique")),
    compressed(COARSE, "lut4_groups", palettized(mode="unique", granularity="per_grouped_channel", group_size=4)),
    compressed(FINE, "int8", quantized()),
    compressed(FINE, "lut8", palettized(mode="unique")),
    compressed(FINE, "sparse", pruned),
    compressed(FINE, "sparse_lut", lambda model: CORE.palettize_weights(pruned(model), config(CORE.OpPalettizerConfig, mode="unique"), joint_compression=True)),
    compressed(OLD, "old_int8", quantized()),
    compressed(OLD, "old_lut", palettized(mode="unique")),
    compressed(OLD, "old_sparse", pruned),
]
