"""What ops that coremltools does not compute mean: numpy and torch texts of its documentation, operands and attributes by name."""
import math

import numpy as np
import torch
from coremltools.converters.mil.mil.ops.defs._utils import spatial_dimensions_out_shape


def double(x):
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def pool(g, how):
    x, kernel, strides = double(g["x"]), [int(k) for k in g["kernel_sizes"]], [int(s) for s in g["strides"]]
    sizes, pad_type, ceil = x.shape[2:], g["pad_type"], bool(g["ceil_mode"])
    given = [int(p) for p in g["pad"]]
    counts = spatial_dimensions_out_shape(pad_type=pad_type, input_shape=sizes, kernel_shape=kernel, strides=np.array(strides), custom_pad=np.array(given), ceil_mode=ceil)
    pads = [(given[2 * a], given[2 * a + 1]) for a in range(len(sizes))]
    if pad_type.startswith("same"):
        totals = [max((n - 1) * s + k - size, 0) for n, s, k, size in zip(counts, strides, kernel, sizes)]
        pads = [(t // 2, t - t // 2) if pad_type == "same" else (t - t // 2, t // 2) for t in totals]
    out = np.empty((*x.shape[:2], *(int(n) for n in counts)))
    for place in np.ndindex(out.shape[2:]):
        begins = [i * s - before for i, s, (before, _) in zip(place, strides, pads)]
        part = x[(..., *(slice(max(b, 0), min(b + k, n)) for b, k, n in zip(begins, kernel, sizes)))]
        axes = tuple(range(2, x.ndim))
        whole = math.prod(min(b + k, n + after) - b for b, k, n, (_, after) in zip(begins, kernel, sizes, pads))
        count = math.prod(part.shape[2:]) if g.get("exclude_padding_from_average") else whole
        out[(..., *place)] = {"max": part.max(axes), "avg": part.sum(axes) / count, "l2": np.sqrt((part**2).sum(axes))}[how]
    return out


def conv_transpose(g):
    """torch's, whose padding takes as much off each end: ours is cut off by hand."""
    x, weight = torch.from_numpy(double(g["x"])), torch.from_numpy(double(g["weight"]))
    spatial = x.dim() - 2
    f = [None, torch.nn.functional.conv_transpose1d, torch.nn.functional.conv_transpose2d, torch.nn.functional.conv_transpose3d][spatial]
    strides, bias = [int(s) for s in g["strides"]], g.get("bias")
    whole = f(x, weight, stride=strides, dilation=[int(d) for d in g["dilations"]], groups=int(g["groups"]))
    asked = [int(n) for n in g.get("output_shape", [])][2:]
    for axis, size in enumerate(whole.shape[2:]):
        before, after = (int(g["pad"][2 * axis]), int(g["pad"][2 * axis + 1])) if g["pad_type"] == "custom" else (0, 0)
        length = asked[axis] if asked else size - before - after
        if g["pad_type"] == "same":
            length = asked[axis] if asked else x.shape[axis + 2] * strides[axis]
            before = max(0, size - length) // 2
        missing = before + length - size
        if missing > 0:
            whole = torch.nn.functional.pad(whole, [0, 0] * (spatial - 1 - axis) + [0, missing])
        whole = whole.narrow(axis + 2, before, length)
    return (whole if bias is None else whole + torch.from_numpy(double(bias)).reshape([1, -1] + [1] * spatial)).numpy()


def grid(mode, size, count):
    """Places of the samples, as the docstring of resize_bilinear writes them."""
    i = np.arange(count)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        if count == 1:
            return np.array([0.0 if mode.startswith("STRICT") else (size - 1) / 2])
        return np.clip(i * ((size - 1) / (count - 1)), 0, size - 1)
    if mode == "DEFAULT":
        return np.clip(i * ((size - size / count) / (count - 1) if count > 1 else 0.0), 0, size - 1)
    if mode == "OFFSET_CORNERS":
        delta = max(1, size - 1) / count
        return np.clip(0.5 * delta + i * delta, 0, size - 1)
    return np.clip(i * (size / count) + 0.5 * (size / count) - 0.5, 0, size - 1)


def bilinear(g, mode, height, width):
    return sampled(g, mode, ((-1, width), (-2, height)))


def resize(g):
    """Of `shape` the last sizes, as the docstring says, then as resize_bilinear or resize_nearest_neighbor samples those axes; for these torch's answers."""
    x, count = double(g["x"]), int(g["resized_dims"])
    sizes = [int(n) or x.shape[k - count] for k, n in enumerate([int(n) for n in g["shape"]][-count:])]
    if g.get("interpolation_mode", "LINEAR") == "NEAREST_NEIGHBOR":
        flat = torch.from_numpy(x).reshape([1, -1, *x.shape[-count:]])
        return torch.nn.functional.interpolate(flat, size=sizes, mode="nearest").reshape([*x.shape[:-count], *sizes]).numpy()
    mode = g.get("sampling_mode", "DEFAULT")
    if mode == "UNALIGN_CORNERS":
        flat = torch.from_numpy(x).reshape([1, -1, *x.shape[-count:]])
        how = "linear" if count == 1 else "bilinear"
        return torch.nn.functional.interpolate(flat, size=sizes, mode=how, align_corners=False).reshape([*x.shape[:-count], *sizes]).numpy()
    return sampled(g, mode, [(k - count, n) for k, n in enumerate(sizes)])


def sampled(g, mode, sizes):
    x = double(g["x"])
    for axis, count in sizes:
        places = grid(mode, x.shape[axis], count)
        low = np.floor(places).astype(int)
        share = (places - low).reshape([-1] + [1] * (-axis - 1))
        high = np.minimum(low + 1, x.shape[axis] - 1)
        x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
    return x


def scaled(g):
    return [math.floor(np.float32(g[f"scale_factor_{k}"]) * g["x"].shape[a]) for k, a in (("height", -2), ("width", -1))]


def nearest(g, height, width):
    x = double(g["x"])
    return torch.nn.functional.interpolate(torch.from_numpy(x), size=(height, width), mode="nearest").numpy()


def upsample_bilinear(g):
    if not g["align_corners"] and not g.get("half_pixel_centers", True):
        return bilinear(g, "DEFAULT", *scaled(g))
    x = torch.from_numpy(double(g["x"]))
    return torch.nn.functional.interpolate(x, size=scaled(g), mode="bilinear", align_corners=bool(g["align_corners"])).numpy()


def depth_to_space(g):
    """TensorFlow's, channels first: the place in the block counts before the channel."""
    x, b = double(g["x"]), int(g["block_size"])
    n, c, h, w = x.shape
    return x.reshape(n, b, b, c // b**2, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)


def space_to_depth(g):
    x, b = double(g["x"]), int(g["block_size"])
    n, c, h, w = x.shape
    return x.reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4).reshape(n, c * b**2, h // b, w // b)


def space_to_batch(g):
    x, (bh, bw), pads = double(g["x"]), np.asarray(g["block_shape"]), np.asarray(g["paddings"])
    x = np.pad(x, [(0, 0), (0, 0), *map(tuple, pads)])
    n, c, h, w = x.shape
    return x.reshape(n, c, h // bh, bh, w // bw, bw).transpose(3, 5, 0, 1, 2, 4).reshape(-1, c, h // bh, w // bw)


def batch_to_space(g):
    x, (bh, bw), ((top, bottom), (left, right)) = double(g["x"]), np.asarray(g["block_shape"]), np.asarray(g["crops"])
    n, c, h, w = x.shape
    whole = x.reshape(bh, bw, n // (bh * bw), c, h, w).transpose(2, 3, 4, 0, 5, 1).reshape(-1, c, h * bh, w * bw)
    return whole[:, :, top : whole.shape[2] - bottom, left : whole.shape[3] - right]


def crop(g):
    x, (top, bottom), (left, right) = double(g["x"]), g["crop_height"], g["crop_width"]
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def one_hot(g):
    indices, size, axis = np.asarray(g["indices"]), int(g["one_hot_vector_size"]), int(g["axis"])
    on, off = g.get("on_value", np.int32(1)), g.get("off_value", np.int32(0))
    marked = np.stack([indices == i for i in range(size)], axis)
    return np.where(marked, on, off)


def reverse_sequence(g):
    out, seq, batch = double(g["x"]).copy(), int(g["seq_axis"]), int(g["batch_axis"])
    rows = np.moveaxis(out, (batch, seq), (0, 1))
    for b, n in enumerate(np.asarray(g["lengths"])):
        rows[b, :n] = rows[b, :n][::-1].copy()
    return out


COMBINED = {
    "update": lambda old, new: new, "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum,
}  # fmt: skip


def scatter_nd(g):
    whole = np.asarray(g["data"]).dtype.kind == "i"
    out, indices, updates = np.array(g["data"], dtype=np.float64), np.asarray(g["indices"]), np.asarray(g["updates"], dtype=np.float64)
    for at in np.ndindex(indices.shape[:-1]):
        place = tuple(indices[at])
        value = COMBINED[g["mode"]](out[place], updates[at])
        out[place] = np.trunc(value) if whole else value
    return out


def flatten2d(g):
    """coremltools' own makes 1.0 of no axes."""
    shape, axis = g["x"].shape, int(g["axis"])
    return double(g["x"]).reshape(math.prod(shape[:axis]), math.prod(shape[axis:]))


def exp2(g):
    whole = np.asarray(g["x"]).dtype.kind == "i"
    return np.trunc(np.exp2(np.asarray(g["x"], dtype=np.float64))) if whole else np.exp2(double(g["x"]))


def local_response_norm(g):
    f = torch.nn.functional.local_response_norm
    return f(torch.from_numpy(double(g["x"])), int(g["size"]), alpha=float(g["alpha"]), beta=float(g["beta"]), k=float(g["k"])).numpy()


def softplus_parametric(g):
    alpha, beta = (double(g[k]).reshape([1, -1] + [1] * (g["x"].ndim - 2)) for k in ("alpha", "beta"))
    return alpha * np.logaddexp(0, beta * double(g["x"]))


NUMPY = {
    "avg_pool": lambda g: pool(g, "avg"),
    "max_pool": lambda g: pool(g, "max"),
    "l2_pool": lambda g: pool(g, "l2"),
    "conv_transpose": conv_transpose,
    "local_response_norm": local_response_norm,
    "softplus_parametric": softplus_parametric,
    "upsample_nearest_neighbor": lambda g: nearest(g, *scaled(g)),
    "resize_nearest_neighbor": lambda g: nearest(g, int(g["target_size_height"]), int(g["target_size_width"])),
    "upsample_bilinear": upsample_bilinear,
    "resize_bilinear": lambda g: bilinear(g, g["sampling_mode"], int(g["target_size_height"]), int(g["target_size_width"])),
    "resize": resize,
    "depth_to_space": depth_to_space,
    "space_to_depth": space_to_depth,
    "pixel_shuffle": lambda g: torch.pixel_shuffle(torch.from_numpy(double(g["x"])), int(g["upscale_factor"])).numpy(),
    "pixel_unshuffle": lambda g: torch.pixel_unshuffle(torch.from_numpy(double(g["x"])), int(g["downscale_factor"])).numpy(),
    "space_to_batch": space_to_batch,
    "batch_to_space": batch_to_space,
    "crop": crop,
    "one_hot": one_hot,
    "reverse_sequence": reverse_sequence,
    "scatter_nd": scatter_nd,
    "exp2": exp2,
    "flatten2d": flatten2d,
}


def of_tensors(reference):
    """The same for operands that are torch tensors already."""
    plain = lambda g: {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in g.items()}
    return lambda g: torch.from_numpy(np.ascontiguousarray(reference(plain(g))))


REFERENCES = {op: of_tensors(reference) for op, reference in NUMPY.items()}
