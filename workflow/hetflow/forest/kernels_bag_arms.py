"""The kernel that grows a bag for several arms: `hetflow.forest.kernels_bag.grow_bag`, compiled for a matrix of
treatment residuals. It stands apart so that a study of two arms does not wait for it.
"""

from __future__ import annotations

from types import FunctionType

from hetflow.forest.compiled import kernel
from hetflow.forest.kernels_bag import grow_bag

_FUNCTION = grow_bag.py_func
# A name of its own: machine code is kept by the function's name, and two kernels of one name would take each other's.
_OF_ARMS = FunctionType(
    _FUNCTION.__code__.replace(co_qualname="grow_bag_arms"), _FUNCTION.__globals__, "grow_bag_arms"
)

grow_bag_arms = kernel(
    "Tuple((i8[::1], i8[:,::1], u8[:,::1], f8[:,::1]))"
    "(u1[:,::1], f8[:,::1], f8[::1], f8[::1], i8[::1], i8[::1], i8, i8[::1], f8[::1], i8, f8, i8, f8, i8, u8)"
)(_OF_ARMS)
