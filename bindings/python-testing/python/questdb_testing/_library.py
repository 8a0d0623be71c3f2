"""The functions of the C library, as ctypes calls them."""

import ctypes
import os
import pathlib
import sys
from ctypes import POINTER, c_char_p, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p

HTTP, TCP, MONITORING = 1, 2, 3
ABI_VERSION = 1


class Column(ctypes.Structure):
    """``questdb_receiver_column``."""

    _fields_ = [
        ("name", c_char_p),
        ("name_len", c_size_t),
        ("type_name", c_char_p),
        ("type_name_len", c_size_t),
    ]


class ArrowArrayStream(ctypes.Structure):
    """Arrow's C stream interface: four functions and a pointer."""

    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


#: For each function, what it returns and what it takes.
_FUNCTIONS = {
    "abi_version": (c_uint32, []),
    "error_free": (None, [c_void_p]),
    "error_get_code": (c_uint32, [c_void_p]),
    "error_code_name": (c_char_p, [c_uint32]),
    "error_message": (c_char_p, [c_void_p]),
    "text_data": (c_void_p, [c_void_p]),
    "text_len": (c_size_t, [c_void_p]),
    "text_free": (None, [c_void_p]),
    "start": (c_void_p, [c_char_p, c_size_t, POINTER(c_void_p)]),
    "port": (c_uint16, [c_void_p, c_uint32]),
    "conf": (c_char_p, [c_void_p, c_uint32]),
    "get_stat": (c_uint64, [c_void_p, c_uint32]),
    "refusals_json": (c_void_p, [c_void_p, POINTER(c_void_p)]),
    "clear": (c_void_p, [c_void_p]),
    "stop": (c_void_p, [c_void_p]),
    "free": (None, [c_void_p]),
    "create_table": (c_void_p, [c_void_p, c_char_p, c_size_t, POINTER(Column), c_size_t]),
    "wait_for_rows": (c_void_p, [c_void_p, c_char_p, c_size_t, c_size_t, c_uint64]),
    "row_count": (c_void_p, [c_void_p, c_char_p, c_size_t, POINTER(c_size_t)]),
    "tables_json": (c_void_p, [c_void_p, POINTER(c_void_p)]),
    "table_json": (c_void_p, [c_void_p, c_char_p, c_size_t, POINTER(c_void_p)]),
    "table_arrow": (c_void_p, [c_void_p, c_char_p, c_size_t, POINTER(ArrowArrayStream)]),
}


class Library:
    """The loaded library: a method for each of its functions, without the prefix."""

    def __init__(self) -> None:
        names = {"win32": "questdb_receiver.dll", "darwin": "libquestdb_receiver.dylib"}
        beside = pathlib.Path(__file__).with_name(names.get(sys.platform, "libquestdb_receiver.so"))
        loaded = ctypes.CDLL(os.environ.get("QUESTDB_RECEIVER_LIBRARY") or str(beside))
        for name, (returns, takes) in _FUNCTIONS.items():
            function = getattr(loaded, f"questdb_receiver_{name}")
            function.restype, function.argtypes = returns, takes
            setattr(self, name, function)
        found = loaded.questdb_receiver_abi_version()
        if found != ABI_VERSION:
            raise ImportError(f"the receiver's library has ABI version {found}, and this package needs {ABI_VERSION}")
