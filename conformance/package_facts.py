"""What a reader must find in a package, by coremltools' own protobuf classes and blob reader."""

import hashlib

import coremltools as ct
import numpy as np
from coremltools.libmilstoragepython import _BlobStorageReader as BlobReader
from coremltools.proto import MIL_pb2
from package_case import REFUSED, UNWRITABLE

NAMES = {
    "BOOL": "bool", "STRING": "string", "FLOAT16": "fp16", "FLOAT32": "fp32", "INT8": "int8", "INT16": "int16",
    "INT32": "int32", "INT4": "int4", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT4": "uint4", "UINT3": "uint3",
    "UINT2": "uint2", "UINT1": "uint1", "UINT6": "uint6",
}  # fmt: skip
READERS = {
    "fp16": "read_fp16_data", "fp32": "read_float_data", "uint8": "read_uint8_data", "int8": "read_int8_data",
    "int16": "read_int16_data", "uint16": "read_uint16_data", "int32": "read_int32_data", "int4": "read_int4_data",
    "uint4": "read_uint4_data", "uint3": "read_uint3_data", "uint2": "read_uint2_data", "uint1": "read_uint1_data",
    "uint6": "read_uint6_data",
}  # fmt: skip
SUB_BYTE = {"int4", "uint4", "uint3", "uint2", "uint1", "uint6"}


def shown(value_type):
    """`fp16[1,8,?,1]`, as our reader prints types."""
    inner = value_type.stateType.wrappedType if value_type.HasField("stateType") else value_type
    sizes = [str(d.constant.size) if d.HasField("constant") else "?" for d in inner.tensorType.dimensions]
    return f"{NAMES[MIL_pb2.DataType.Name(inner.tensorType.dataType)]}[{','.join(sizes)}]"


def values_of(operation):
    """Every literal of an operation: its const value and its inline operands."""
    yield from operation.attributes.values()
    for argument in operation.inputs.values():
        yield from (binding.value for binding in argument.arguments if binding.HasField("value"))


def blobs_of(block, weight_file):
    reader = BlobReader(str(weight_file)) if weight_file.exists() else None
    found = {}
    for operation in block.operations:
        for value in values_of(operation):
            if value.HasField("blobFileValue"):
                offset = value.blobFileValue.offset
                dtype = shown(value.type).split("[")[0]
                data = np.asarray(getattr(reader, READERS[dtype])(offset))
                # The blob reader unpacks sub-byte elements: one byte each.
                what = "unpacked" if dtype in SUB_BYTE else "sha256"
                found[str(offset)] = {"type": shown(value.type), what: hashlib.sha256(data.tobytes()).hexdigest()}
    return found


def facts_of(case, package):
    if case in REFUSED:
        return {"refused": REFUSED[case]}
    spec = ct.utils.load_spec(str(package))
    weight_file = package / "Data/com.apple.CoreML/weights/weight.bin"
    functions = {}
    for name, function in spec.mlProgram.functions.items():
        block = function.block_specializations[function.opset]
        functions[name] = {
            "opset": function.opset,
            "inputs": {x.name: shown(x.type) for x in function.inputs},
            "states": [x.name for x in function.inputs if x.type.HasField("stateType")],
            "outputs": list(block.outputs),
            "ops": [x.type for x in block.operations],
            "values": {v.name: shown(v.type) for x in block.operations for v in x.outputs},
            "blobs": blobs_of(block, weight_file),
        }
    facts = {"specificationVersion": spec.specificationVersion, "functions": functions}
    return facts | ({"unwritable": UNWRITABLE[case]} if case in UNWRITABLE else {})
