"""Packages as coremltools itself writes them, for our reader: every op of our table, states, flexible sizes,
several functions, compressed weights.

    python make_packages.py OUT [--only SUBSTRING]

Writes OUT/<case>.mlpackage and OUT/<case>.json, the facts that a reader must find: per function the ops in order and
the type of every value, the interface, and the SHA-256 of every blob. read_packages.mjs holds our reader against
them. Needs coremltools 9.0; no Mac.
"""

import argparse
import json
import logging
import shutil
import sys
from pathlib import Path

import package_cases_few  # noqa: F401
import package_cases_models  # noqa: F401
import package_cases_ops  # noqa: F401  each of these fills CASES
import package_cases_programs  # noqa: F401
import package_cases_refused  # noqa: F401
import package_cases_weights  # noqa: F401
from package_case import CASES
from package_facts import facts_of


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    args.out.mkdir(parents=True, exist_ok=True)
    chosen = {name: make for name, make in CASES.items() if args.only in name}
    for name, make in chosen.items():
        package = args.out / f"{name}.mlpackage"
        shutil.rmtree(package, ignore_errors=True)
        try:
            make(str(package))
        except Exception as error:
            sys.exit(f"case {name}: {type(error).__name__}: {error}")
        (args.out / f"{name}.json").write_text(json.dumps(facts_of(name, package), indent=1) + "\n")
    print(f"{len(chosen)} packages in {args.out}")


if __name__ == "__main__":
    main()
