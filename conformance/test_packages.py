"""Our reader on packages that coremltools wrote: every op of the table, states, flexible sizes, several functions."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def test_reader_agrees_with_coremltools(tmp_path):
    subprocess.run([sys.executable, HERE / "make_packages.py", tmp_path], check=True, capture_output=True)
    read = ["node", HERE / "read_packages.mjs", tmp_path, "--every-op"]
    result = subprocess.run(read, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr + result.stdout


def test_runner_notices_a_wrong_fact(tmp_path):
    """The comparison must be able to fail."""
    make = [sys.executable, HERE / "make_packages.py", tmp_path, "--only", "linear.bias"]
    subprocess.run(make, check=True, capture_output=True)
    facts = tmp_path / "linear.bias.json"
    facts.write_text(facts.read_text().replace("fp16[6,8]", "fp16[8,6]"))
    result = subprocess.run(["node", HERE / "read_packages.mjs", tmp_path], capture_output=True, text=True)
    assert result.returncode == 1 and "linear.bias: values" in result.stderr, result.stderr
