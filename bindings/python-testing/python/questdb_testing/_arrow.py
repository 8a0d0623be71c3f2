"""Arrow's PyCapsule interface for a stream of the C library."""

import ctypes
from ctypes import c_char_p, c_void_p
from typing import Any

from ._library import ArrowArrayStream

_NAME = b"arrow_array_stream"
_api = ctypes.pythonapi
# The destructor gets a capsule that nobody refers to any more, so it must not be made an object again.
_pointer = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", _api))
_new = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, c_char_p, c_void_p)(("PyCapsule_New", _api))
#: Streams that capsules hold, by their address.
_held: dict[int, ArrowArrayStream] = {}


def _destroyed(capsule: int) -> None:
    address = _pointer(capsule, _NAME)
    stream = _held.pop(address, None) if address else None
    # Whoever took the stream has moved it out, and left no function to release it.
    if stream is not None and stream.release:
        ctypes.CFUNCTYPE(None, c_void_p)(stream.release)(address)


_destroy = ctypes.PYFUNCTYPE(None, c_void_p)(_destroyed)
# A capsule may be destroyed when the interpreter ends, after this module: its function stays.
_api.Py_IncRef(ctypes.py_object(_destroy))


def capsule(stream: ArrowArrayStream) -> Any:
    """Returns a capsule that owns the stream."""
    address = ctypes.addressof(stream)
    _held[address] = stream
    return _new(address, _NAME, ctypes.cast(_destroy, c_void_p).value)
