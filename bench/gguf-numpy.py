"""Every tensor of a GGUF file dequantised by the gguf package and written as fp16, one after another: FILE OUT."""
import sys

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize

with open(sys.argv[2], "wb") as out:
    for tensor in GGUFReader(sys.argv[1]).tensors:
        dequantize(tensor.data, tensor.tensor_type).astype(numpy.float16).tofile(out)
