"""Shared by the suite: how graphc is called, and coremltools kept quiet."""
import logging
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
logging.disable(logging.WARNING)


@pytest.fixture(scope="session")
def graphc():
    """Runs the built command line; returns standard output and fails the test on another exit code."""

    def run(*arguments, code=0):
        command = ["node", str(ROOT / "dist" / "cli.js"), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert result.returncode == code, f"{command}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    return run


@pytest.fixture(scope="session")
def script(tmp_path_factory):
    """Bundles one of our TypeScript helpers and runs it with node."""

    def run(name, *arguments):
        bundle = tmp_path_factory.mktemp("script") / f"{name}.mjs"
        subprocess.run(
            ["npx", "esbuild", f"conformance/{name}.ts", "--bundle", "--platform=node", "--format=esm",
             "--packages=external", f"--outfile={ROOT / 'dist' / f'conformance-{name}.mjs'}", "--log-level=error"],
            check=True, cwd=ROOT)
        subprocess.run(["node", str(ROOT / "dist" / f"conformance-{name}.mjs"), *map(str, arguments)], check=True, cwd=ROOT)
        return bundle

    return run
