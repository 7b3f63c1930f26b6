"""What the page of `graphc view` says of quantised weights, against numpy on what coremltools unpacks of its own packages."""
import json
import re

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from test_palette import convolved

FORMS = {
    "int8": lambda model: cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=cto.OpLinearQuantizerConfig(mode="linear_symmetric"))),
    "lut4": lambda model: cto.palettize_weights(model, cto.OptimizationConfig(global_config=cto.OpPalettizerConfig(mode="uniform", nbits=4))),
}


@pytest.fixture(scope="module")
def plain(graphc, checkpoint_of, tmp_path_factory):
    out = tmp_path_factory.mktemp("plain")
    graphc("emit", checkpoint_of("small", "bf16"), "--out", out, "--max-seq", 16)
    return next(out.glob("*.t1.mlpackage"))


def told(page):
    """By the type of the matrix: the figures that the page has of it."""
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.S).group(1))
    texts = [node["error"] for node in data["nodes"] if node.get("op", "").startswith("constexpr_")]
    return sorted(re.fullmatch(r"(\S+) of its length \(relative L2\) against \S+; most in row (\d+), (\S+) of that row's", text).groups() for text in texts)


def length(x):
    return float(np.sqrt((x**2).sum()))


@pytest.mark.parametrize("form", FORMS)
def test_errors_are_those_of_numpy(graphc, plain, tmp_path, measured, form):
    path = tmp_path / "quantised.mlpackage"
    FORMS[form](ct.models.MLModel(str(plain), skip_model_load=True)).save(str(path))
    page = tmp_path / "view.html"
    graphc("view", path, "--unquantised", plain, "--out", page)
    wanted = []
    for (_, before), (kind, after) in zip(convolved(plain), convolved(path), strict=True):
        if not kind.startswith("constexpr_"):
            continue
        rows = [np.asarray(x, dtype=np.float64).reshape(len(x), -1) for x in (before, after)]
        each = [length(a - b) / length(a) for a, b in zip(*rows, strict=True)]
        worst = int(np.argmax(each))
        wanted.append((length(rows[0] - rows[1]) / length(rows[0]), worst, each[worst]))
    found = told(page)
    assert len(found) == len(wanted) > 0
    for (error, row, most), (whole, worst, each) in zip(found, sorted((f"{w:.3g}", r, e) for w, r, e in wanted), strict=True):
        assert (error, int(row)) == (whole, worst)
        assert float(most) == float(f"{each:.3g}")
    measured(f"view: {len(found)} matrices in {form}, each off as numpy says")
