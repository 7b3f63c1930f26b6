"""The forms of a decoder's feed-forwards in numpy float32, one of 2 · ffn rows a layer and its square twice: milliseconds on stdout."""
import sys
import time

import numpy

hidden, ffn, layers = map(int, sys.argv[1:])
rows = numpy.random.default_rng(1).standard_normal((2 * ffn, hidden), dtype=numpy.float32)
begin = time.perf_counter()
for _ in range(layers):
    form = rows.T @ rows
    for _ in range(2):
        form = form @ form
        form /= numpy.trace(form)
print((time.perf_counter() - begin) * 1000)
