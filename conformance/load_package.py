"""Loads Core ML packages with coremltools and holds what they declare against what coremltools infers anew.

    python load_package.py X.mlpackage [Y.mlpackage ...]

Prints one line a package; exit code 1 when one does not load or declares another type than coremltools infers.
Needs coremltools 9.0. No Mac is needed: nothing is compiled or run.
"""

import logging
import sys
import warnings
from pathlib import Path

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")

import coremltools as ct  # noqa: E402
from coremltools.converters.mil.frontend.milproto.load import load  # noqa: E402
from coremltools.converters.mil.mil import types  # noqa: E402
from coremltools.proto import MIL_pb2 as mil  # noqa: E402

WEIGHTS = "Data/com.apple.CoreML/weights"
DTYPE = {
    mil.BOOL: types.bool, mil.STRING: types.str, mil.FLOAT16: types.fp16, mil.FLOAT32: types.fp32,
    mil.INT8: types.int8, mil.INT16: types.int16, mil.INT32: types.int32, mil.UINT8: types.uint8,
    mil.UINT16: types.uint16, mil.INT4: types.int4, mil.UINT4: types.uint4, mil.UINT1: types.uint1,
    mil.UINT2: types.uint2, mil.UINT3: types.uint3, mil.UINT6: types.uint6,
}  # fmt: skip


def declared(tensor_type):
    """(dtype, shape) of a TensorType message; a flexible size is None."""
    sizes = [d.constant.size if d.WhichOneof("dimension") == "constant" else None for d in tensor_type.dimensions]
    return DTYPE[tensor_type.dataType], sizes


def inferred(var):
    return var.dtype, list(var.shape)


def agree(told, found):
    same_size = all(a is None or a == b for a, b in zip(told[1], found[1], strict=True))
    return told[0] == found[0] and len(told[1]) == len(found[1]) and same_size


def shown(of):
    dtype, shape = of
    return f"{types.builtin_to_string(dtype)}{shape}"


def walk(block):
    for op in block.operations:
        yield op
        for inner in op.blocks:
            yield from walk(inner)


def check(package):
    """Number of ops, and a sentence for each disagreement."""
    spec = ct.utils.load_spec(str(package))
    program = load(
        spec, specification_version=spec.specificationVersion, file_weights_dir=str(Path(package) / WEIGHTS)
    )
    faults, count = [], 0
    for name, function in spec.mlProgram.functions.items():
        block = function.block_specializations[function.opset]
        loaded = {var.name: var for op in walk(program.functions[name]) for var in op.outputs}
        # Loading merges a write and the read after it into one op, under the name of the read.
        count += len(block.operations)
        for op in block.operations:
            for output in op.outputs:
                var = loaded.get(output.name)
                if var is None:
                    faults.append(f"{op.type} {output.name}: coremltools has no such value")
                elif not agree(declared(output.type.tensorType), inferred(var)):
                    told, found = declared(output.type.tensorType), inferred(var)
                    faults.append(f"{op.type} {output.name}: declared {shown(told)}, inferred {shown(found)}")
    return count, faults


def main(packages):
    bad = 0
    for package in packages:
        try:
            count, faults = check(package)
        except Exception as error:  # the loader raises whatever it likes
            count, faults = 0, [f"does not load: {type(error).__name__}: {error}"]
        bad += bool(faults)
        print(f"{package}: {count} ops, " + ("; ".join(faults) if faults else "types agree"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
