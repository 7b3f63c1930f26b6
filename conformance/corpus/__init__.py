"""Packages in the styles of the field's converters, each with its truth from torch."""

from .compressed import COMPRESSED
from .flexible import FLEXIBLE, FUNCTIONS
from .layers import LAYERS
from .others import OTHERS

PAIRS = LAYERS + OTHERS + COMPRESSED + FLEXIBLE + FUNCTIONS
