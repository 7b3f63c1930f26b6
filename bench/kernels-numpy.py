"""The linear parts of a Phi-4-mini layer in numpy float32: one pass for each line on stdin, its milliseconds on stdout."""
import sys
import time

import numpy

shapes = [(5120, 3072), (3072, 3072), (16384, 3072), (3072, 8192)]
random = numpy.random.default_rng(1)
weights = [random.standard_normal(shape, dtype=numpy.float32) for shape in shapes]
tokens = int(sys.argv[1])
inputs = [random.standard_normal((tokens, shape[1]), dtype=numpy.float32) for shape in shapes]
print("ready", flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    for weight, x in zip(weights, inputs):
        x @ weight.T
    print((time.perf_counter() - begin) * 1000, flush=True)
