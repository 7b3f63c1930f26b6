"""Our reader on packages that coremltools wrote: every op of the table, states, flexible sizes, several functions, older opsets."""
import json
import subprocess
import sys

import pytest

import make_packages  # noqa: F401  fills CASES
from conftest import HERE, called
from package_case import CASES


def complaints(folder, *flags):
    """What read_packages.mjs finds wrong, by package."""
    result = subprocess.run(["node", HERE / "read_packages.mjs", folder, "--json", *flags], capture_output=True, text=True)
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="session")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    called([sys.executable, HERE / "make_packages.py", folder])
    return complaints(folder, "--every-op")


@pytest.mark.parametrize("package", CASES)
def test_reader_agrees_with_coremltools(found, package):
    """Ops, types, interface, blobs; and the graph, written by us and read again, is the same."""
    assert found["complaints"][package] == []


def test_every_op_of_the_table_was_read(found):
    assert found["missing"] == []


def test_a_wrong_fact_is_noticed(tmp_path):
    called([sys.executable, HERE / "make_packages.py", tmp_path, "--only", "linear.bias"])
    facts = tmp_path / "linear.bias.json"
    facts.write_text(facts.read_text().replace("fp16[6,8]", "fp16[8,6]"))
    assert complaints(tmp_path)["complaints"]["linear.bias"][0].startswith("values: ")
