"""Our weight streams against torch's conversion, and what our safetensors reader accepts against the reference reader."""
import hashlib
import json
import random
import struct

import pytest
import torch
from safetensors import SafetensorError, safe_open


@pytest.mark.parametrize("size, dtype", [("small", "bf16"), ("small", "fp16"), ("small", "fp32"), ("true", "bf16")])
def test_streams_have_the_bytes_of_torch(script, checkpoint_of, size, dtype):
    folder = checkpoint_of(size, dtype)
    ours = json.loads(script("weights", "digests", folder))
    straight, transposed, rounded, worst = {}, {}, 0, 0.0
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():
                tensor = tensors.get_tensor(name)
                half = tensor.to(torch.float16)
                straight[name] = digest(half)
                error = (half.double() - tensor.double()).abs()
                # Our report is of what was streamed: a matrix went by twice.
                rounded += int((error > 0).sum()) * tensor.dim()
                worst = max(worst, float(error.max()))
                if tensor.dim() == 2:
                    transposed[name] = digest(half.t().contiguous())
    assert ours["straight"] == straight
    assert ours["transposed"] == transposed
    assert (ours["rounded"], ours["worstError"], ours["nonFinite"]) == (rounded, worst, [])


def digest(tensor):
    return hashlib.sha256(tensor.numpy().tobytes()).hexdigest()


HEADER = json.dumps(
    {
        "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "b": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [4, 8]},
        "c": {"dtype": "F32", "shape": [0], "data_offsets": [8, 8]},
        "__metadata__": {"k": "v"},
    },
    separators=(",", ":"),
).encode()
DATA = bytes(range(8))


def damaged(draw):
    """A small file with one or two bytes of its header, or its length, or its data changed."""
    header, data = bytearray(HEADER), DATA
    for _ in range(draw.randint(1, 2)):
        at = draw.randrange(len(header))
        match draw.randrange(4):
            case 0:
                header[at] = draw.choice(b'0123456789{}[]",:abF -.eE\\\xff')
            case 1:
                del header[at]
            case 2:
                header.insert(at, draw.choice(b'0123456789{}[]",: '))
            case 3:
                header += b" "
    if draw.random() < 0.1:
        data = data[: draw.randint(0, 8)] + bytes(draw.randint(0, 2))
    file = bytearray(struct.pack("<Q", len(header)) + header + data)
    if draw.random() < 0.05:
        file[draw.randrange(8)] = draw.randrange(256)
    return bytes(file)


def test_damaged_files_are_accepted_and_refused_as_by_the_reference_reader(script, tmp_path, measured):
    draw = random.Random(5)
    for i in range(1500):
        (tmp_path / f"{i:04}.safetensors").write_bytes(damaged(draw))
    ours = json.loads(script("weights", "opened", tmp_path))
    theirs = {}
    for name in ours:
        try:
            with safe_open(tmp_path / name, "np") as tensors:
                tensors.keys()
            theirs[name] = True
        except SafetensorError:
            theirs[name] = False
    assert {name: refusal == "" for name, refusal in ours.items()} == theirs
    accepted = sum(theirs.values())
    measured(f"damaged safetensors files: {len(ours)}, of which both readers accept {accepted}")
    assert 0 < accepted < len(ours)
