"""Structures of numpy's array interface that are made by hand, and contradict themselves."""

import ctypes

_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

#: More than any pair of a length and a stride below can reach, in each direction.
REACH = 1 << 16
MEMORY = ctypes.create_string_buffer(2 * REACH)
MIDDLE = ctypes.addressof(MEMORY) + REACH


class Interface(ctypes.Structure):
    _fields_ = [
        ("two", ctypes.c_int),
        ("nd", ctypes.c_int),
        ("kind", ctypes.c_char),
        ("item_size", ctypes.c_int),
        ("flags", ctypes.c_int),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("descr", ctypes.c_void_p),
    ]


def capsule(address, name=None):
    return _new(address, name, None)


class Made:
    """An array of one dimension with two elements, but for what the arguments say."""

    def __init__(self, lengths=(2,), steps=(8,), **lies):
        dims = len(lengths)
        self._shape, self._steps = (ctypes.c_ssize_t * dims)(*lengths), (ctypes.c_ssize_t * dims)(*steps)
        truth = {"two": 2, "nd": dims, "kind": b"f", "item_size": 8, "flags": 0x701, "data": MIDDLE}
        places = {"shape": ctypes.addressof(self._shape), "strides": ctypes.addressof(self._steps)}
        self._raw = Interface(**{**truth, **places, **lies})
        self.__array_struct__ = capsule(ctypes.addressof(self._raw))


class Forged:
    """An object whose `__array_struct__` is made by hand."""

    def __init__(self, chance, trouble, length=None):
        self._chance, self._trouble, self._length = chance, trouble, length
        self._kept = []

    @property
    def dtype(self):
        return self._trouble.act()

    def __len__(self):
        return self._length or 0

    @property
    def __array_struct__(self):
        chance = self._chance
        if chance.random() < 0.1:
            return self._trouble.act()
        raw = Interface(two=chance.choice([2] * 9 + [0, 3, -1]))
        raw.kind = chance.choice([b"f"] * 6 + [b"i", b"u", b"b", b"c", b"S", b"U", b"V", b"m", b"\0", b"\xff"])
        raw.item_size = chance.choice([8] * 6 + [1, 2, 4, 16, 0, 3, -1, -8, 2**31 - 1, -(2**31)])
        raw.flags = chance.choice([0x701, 0x701, 0x501, 0, -1])
        dims = chance.choice([1, 1, 1, 2, 3, 4, 0])
        raw.nd = dims if chance.random() < 0.9 else chance.choice([-1, 33, 2**31 - 1, -(2**31)])
        lengths, strides = [], []
        for _ in range(dims):
            known = self._length is not None and chance.random() < 0.8
            lengths.append(self._length if known else chance.randrange(6))
            strides.append(chance.choice([8, 8, 8, 0, -8, 1, 3, 64, -64]))
        if dims and chance.random() < 0.2:
            # So long that the end cannot be in memory, or that the same elements come again and again.
            which = chance.randrange(dims)
            lengths[which] = chance.choice([-1, -3, 2**62, 2**63 - 1, -(2**63), 2**40])
            strides[which] = chance.choice([0, 0, 2**62, -(2**62), -(2**63)])
        shape, steps = ((ctypes.c_ssize_t * 4)(*values) for values in (lengths, strides))
        self._kept.append((raw, shape, steps))
        raw.shape = None if chance.random() < 0.05 else ctypes.addressof(shape)
        raw.strides = None if chance.random() < 0.05 else ctypes.addressof(steps)
        raw.data = None if chance.random() < 0.05 else MIDDLE
        # One with a name is none of this interface.
        return capsule(ctypes.addressof(raw), b"named" if chance.random() < 0.05 else None)
