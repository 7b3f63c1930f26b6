"""Emitted packages in coremltools' hands: types inferred anew, weights decoded by its blob reader and held against the checkpoint."""
import json
import pathlib
import shutil

import numpy as np
import pytest
import torch
from coremltools.libmilstoragepython import _BlobStorageReader as BlobReader
from coremltools.proto import MIL_pb2
import coremltools as ct
from safetensors import safe_open

import load_package

@pytest.fixture(scope="session", params=["small", "true"])
def checkpoint(request, checkpoint_of):
    return checkpoint_of(request.param)


@pytest.fixture(scope="session")
def packages(graphc, checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("packages")
    text = graphc("emit", "phi4-mini", "--weights", checkpoint, "--layer", 1, "--tokens", 4, "--max-seq", 256, "--out", out, "--json")
    return [package["path"] for package in json.loads(text)["packages"]]


def stored(checkpoint):
    """Every tensor of the checkpoint as fp16, read by the reference reader."""
    tensors = {}
    for file in checkpoint.glob("*.safetensors"):
        with safe_open(file, framework="pt") as shard:
            tensors |= {name: shard.get_tensor(name).to(torch.float16).numpy() for name in shard.keys()}
    return tensors


def test_types_are_what_coremltools_infers(packages):
    for package in packages:
        count, faults = load_package.check(package)
        assert count > 50 and faults == [], faults


def test_every_weight_is_the_checkpoint_s(packages, checkpoint):
    tensors = stored(checkpoint)
    for package in packages:
        program = ct.utils.load_spec(package).mlProgram.functions["main"].block_specializations["CoreML8"]
        reader = BlobReader(f"{package}/{load_package.WEIGHTS}/weight.bin")
        seen = 0
        for op in program.operations:
            value = op.attributes["val"] if op.type == "const" else None
            if value is None or not value.HasField("blobFileValue"):
                continue
            assert value.type.tensorType.dataType == MIL_pb2.FLOAT16
            data = np.array(reader.read_fp16_data(value.blobFileValue.offset)).view(np.float16)
            shape = [d.constant.size for d in value.type.tensorType.dimensions]
            matches = [n for n, t in tensors.items() if t.size == data.size and np.array_equal(t.ravel().view(np.uint16), data.view(np.uint16))]
            assert len(matches) == 1, f"{op.outputs[0].name} {shape} is {matches}"
            assert ".layers.1." in matches[0], matches
            seen += 1
        assert seen == 6, f"{seen} weights"


def test_a_package_is_the_same_in_every_folder(graphc, checkpoint, packages, tmp_path):
    text = graphc("emit", "phi4-mini", "--weights", checkpoint, "--layer", 1, "--max-seq", 256, "--out", tmp_path, "--json")
    ours = {p["path"].split("/")[-1]: p["sha256"] for p in json.loads(text)["packages"]}
    for package in packages:
        files = sorted(f for f in pathlib.Path(package).rglob("*") if f.is_file())
        there = next(f for f in files if f.name == "model.mlmodel")
        again = tmp_path / there.relative_to(pathlib.Path(package).parent)
        assert there.read_bytes() == again.read_bytes()
    assert len(ours) == 2


def test_a_missing_shard_is_one_sentence(graphc, checkpoint, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(checkpoint, folder)
    shard = sorted(folder.glob("*.safetensors"))[1]
    shard.unlink()
    graphc("emit", "phi4-mini", "--weights", folder, "--out", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()
