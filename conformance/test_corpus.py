"""Packages in the ways of the field's converters: how many graphc reads, runs and judges as torch does."""
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import HERE, ROOT, called
from corpus import PAIRS
from corpus.judge import lines, row
from corpus.report import cells, counts, document, table_of, wrong

PAGE = ROOT / "docs" / "packages.md"


# Conversion is slow, and a matter of one processor. Those that share a module stand together.
HALVES = [pair.name for pair in PAIRS[: len(PAIRS) // 2]], [pair.name for pair in PAIRS[len(PAIRS) // 2 :]]


def made(folder, names):
    """The records of pairs whose files are then in the folder."""
    said = called(["env", f"PYTHONPATH={HERE}", sys.executable, "-m", "corpus.make", folder, *names])
    return json.loads(said.splitlines()[-1])


@pytest.fixture(scope="session")
def rows(tmp_path_factory, script):
    """A row of the table for each pair."""
    folder = tmp_path_factory.mktemp("corpus")
    with ThreadPoolExecutor() as two:
        jobs = [job for half in two.map(lambda names: made(folder, names), HALVES) for job in half]
    asked = [lines(job) for job in jobs]
    (folder / "lines.json").write_text(json.dumps([line for of in asked for line in of]))
    answers = iter(json.loads(script("command-lines", folder / "lines.json")))
    return [row(job, [next(answers) for _ in of]) for job, of in zip(jobs, asked, strict=True)]


def test_no_verdict_is_wrong(rows):
    assert not wrong(rows)


def test_most_is_read_run_and_judged_rightly(rows):
    n = counts(rows)
    assert n["packages"] >= 60 and len(rows) == len(PAIRS)
    assert n["read"] == n["packages"], document(rows)
    assert n["run"] == n["calls"], document(rows)
    assert n["verdicts"] >= 0.91 * n["pairs"], document(rows)


def test_the_page_has_the_table(rows, request):
    if request.config.getoption("--write-packages"):
        PAGE.write_text(document(rows))
    assert table_of(PAGE.read_text()) == [cells(row) for row in rows], "npm run conformance -- -k corpus --write-packages"
