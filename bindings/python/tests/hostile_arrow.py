"""Batches and streams of Arrow's C interfaces that are made by hand, and contradict themselves.

They keep the one promise that no importer can check: a pointer that is not NULL leads to what its place needs, and memory is as long
as lengths and offsets say.
"""

import ctypes
import random

from hostile_arrays import capsule

#: Memory of each buffer: more than the longest length below needs, plus the largest offset.
ROOM = 8192
LONGEST = 40
#: Rows of what is inside of lists, so that most lists lead there.
INSIDE = 128


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


RELEASE_SCHEMA = ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
RELEASE_ARRAY = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
RELEASE_STREAM = ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))
GET_SCHEMA = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))
GET_NEXT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))
LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(Stream))

Schema._fields_ = [
    ("format", ctypes.c_void_p),
    ("name", ctypes.c_void_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.c_void_p),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", ctypes.c_void_p),
    ("get_next", ctypes.c_void_p),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private", ctypes.c_void_p),
]

#: Formats and the number of buffers of each.
FORMATS = {
    "c": 2, "C": 2, "s": 2, "S": 2, "i": 2, "I": 2, "l": 2, "L": 2, "e": 2, "f": 2, "g": 2, "b": 2, "n": 0,
    "u": 3, "U": 3, "z": 3, "vu": 4, "tdD": 2, "tdm": 2, "tss:": 2, "tsn:UTC": 2, "tsu:Europe/Berlin": 2, "ttm": 2, "tDn": 2,
    "d:5,2": 2, "d:38,-3": 2, "d:9,2,32": 2, "d:76,10,256": 2,
}  # fmt: skip
NESTED = {"+l": 2, "+L": 2, "+w:2": 1, "+w:0": 1, "+s": 1, "+vl": 3, "+r": 0, "+us:0": 1, "+m": 2}
BUFFERS = {**FORMATS, **NESTED}
#: The width of the offsets of those that have some.
OFFSETS = {"u": 4, "U": 8, "z": 4, "+l": 4, "+L": 8, "+vl": 4, "+m": 4}
WRONG = ["", "x", "w:", "d:", "d:1", "d:a,b", "d:5,2,7", "d:99999999999999999999,1", "+w:", "+w:-1", "+w:99999999999999999999", "ts", "tsx:", "t", "é"]


class Parts:
    """Makes structures, keeps their memory, and counts how often each top was released."""

    def __init__(self, chance, trouble):
        self.chance, self.trouble = chance, trouble
        #: How likely the structures contradict themselves: not at all, in one place perhaps, or in most.
        self.lies = chance.choice([0, 0.2, 1])
        #: Makes the types, which are the same for all batches of a stream: a buffer of one type cannot be told from one of another.
        self.types = random.Random(chance.random())
        self.kept = []
        self.released = 0
        self.errors = []
        self.release_array = RELEASE_ARRAY(self._released)
        self.release_schema = RELEASE_SCHEMA(self._released)
        self.release_stream = RELEASE_STREAM(self._released)

    def _released(self, pointer):
        self.released += 1
        if not pointer.contents.release:
            self.errors.append("released twice")
        pointer.contents.release = None
        try:
            self.trouble.use_the_buffer()
        except Exception as e:
            self.errors.append(str(e))

    def lie(self, probability):
        return self.chance.random() < probability * self.lies

    def text(self, value):
        buffer = ctypes.create_string_buffer(value if isinstance(value, bytes) else value.encode())
        self.kept.append(buffer)
        return ctypes.addressof(buffer)

    def pointers(self, structures):
        pointers = (ctypes.c_void_p * max(1, len(structures)))(*[s if s is None else ctypes.addressof(s) for s in structures])
        self.kept += [pointers, *structures]
        return ctypes.addressof(pointers)

    def memory(self):
        """Memory that is zero, small numbers, or anything."""
        kind = self.chance.randrange(3)
        content = [bytes(ROOM), bytes(range(256)) * (ROOM // 256), self.chance.randbytes(ROOM)][kind]
        return self._buffer(content)

    def offsets(self, width):
        """Numbers that rise from 0 to 60, or jump. None leads out of the memory."""
        numbers = [min(i, 60) for i in range(ROOM // width)]
        if self.lie(0.3):
            numbers = [self.chance.randrange(-3, 60) for _ in numbers]
        return self._buffer(b"".join(number.to_bytes(width, "little", signed=True) for number in numbers))

    def _buffer(self, content):
        buffer = ctypes.create_string_buffer(content, len(content))
        self.kept.append(buffer)
        return ctypes.addressof(buffer)

    def views(self):
        """Views of texts, each within one buffer of memory or within itself."""
        content = bytearray()
        for _ in range(INSIDE * 2):
            length, place, which = self.chance.choice([0, 3, 12, 13, 100]), self.chance.choice([0, 5, 100]), 0
            if self.lie(0.1):
                length = self.chance.choice([-1, 2**31 - 1])
                place = self.chance.choice([-1, 2**31 - 1])
                which = self.chance.choice([1, -1, 2**31 - 1])
            content += (length % 2**32).to_bytes(4, "little") + b"text" + (which % 2**32).to_bytes(4, "little")
            content += (place % 2**32).to_bytes(4, "little")
        return self._buffer(bytes(content))

    def buffers(self, form):
        """Returns the addresses of the buffers of an array."""
        count = BUFFERS.get(form, 2)
        buffers = [self.memory() for _ in range(count)]
        width = OFFSETS.get(form)
        if width:
            buffers[1] = self.offsets(width)
        if form == "+vl":
            buffers[2] = self.offsets(4)
        if form == "vu":
            # The last buffer has the lengths of those between: one of 200 bytes.
            lengths = self.chance.choice([0, ROOM]) if self.lie(0.2) else 200
            buffers[1], buffers[3] = self.views(), self._buffer(lengths.to_bytes(8, "little"))
        if count and self.chance.random() < 0.5:
            buffers[0] = None
        return [None if self.lie(0.05) else buffer for buffer in buffers]

    def field(self, form, rows, depth=0):
        """Returns a schema and an array of a type."""
        chance, types = self.chance, self.types
        schema, array = Schema(), Array()
        self.kept += [schema, array]
        schema.format = self.text(chance.choice(WRONG) if self.lie(0.05) else form)
        if self.lie(0.04):
            schema.format = chance.choice([None, self.text(b"\xff\xfe")])
        name = chance.choice(["", "a?b", "x" * 300, b"\xff"]) if self.lie(0.1) else f"c{self.number}"
        self.number += 1
        schema.name = None if self.lie(0.05) else self.text(name)
        schema.flags = chance.choice([0, 2, 2, -1])
        array.length, array.offset, array.null_count = rows, chance.choice([0, 0, 0, 1, 7]), chance.choice([0, -1])
        if self.lie(0.15):
            array.length = chance.choice([-1, -(2**63), 0, 1, LONGEST])
            array.offset = chance.choice([-1, 0, -(2**63)])
            array.null_count = chance.choice([0, -1, 1, 5, 2**62, -5])
        buffers = self.buffers(form)
        array.n_buffers = chance.randrange(len(buffers) + 1) if self.lie(0.05) else len(buffers)
        pointers = (ctypes.c_void_p * max(1, len(buffers)))(*buffers)
        self.kept.append(pointers)
        array.buffers = None if self.lie(0.03) else ctypes.addressof(pointers)
        if form in NESTED:
            inner = types.choice([*FORMATS, *NESTED]) if depth < 4 and types.random() < 0.3 else types.choice("gfilc")
            self.children(schema, array, [inner] * (types.randrange(3) if types.random() < 0.1 else 1), INSIDE, depth + 1)
        elif form in ("c", "C", "i", "l", "L") and types.random() < 0.3 and depth < 4:
            words, values = self.field(types.choice(["u", "U", "vu", "u", "l", form, "n"]), LONGEST, depth + 1)
            schema.dictionary = None if self.lie(0.05) else ctypes.addressof(words)
            array.dictionary = None if self.lie(0.05) else ctypes.addressof(values)
        schema.release = ctypes.cast(self.release_schema, ctypes.c_void_p)
        array.release = ctypes.cast(self.release_array, ctypes.c_void_p)
        return schema, array

    def children(self, schema, array, forms, rows, depth):
        chance = self.chance
        fields = [self.field(form, rows, depth) for form in forms]
        schemas, arrays = [s for s, _ in fields], [a for _, a in fields]
        if fields and self.lie(0.05):
            schemas[0] = None
        if fields and self.lie(0.05):
            arrays[0] = None
        schema.children, array.children = self.pointers(schemas), self.pointers(arrays)
        schema.n_children = array.n_children = len(fields)
        if self.lie(0.05):
            array.n_children = chance.choice([-1, 0, max(0, len(fields) - 1), -(2**63)])
        if self.lie(0.03):
            schema.children = None
        if self.lie(0.03):
            array.children = None

    def batch(self):
        """Returns the schema and the array of a batch, with the types that the batches before had."""
        chance = self.chance
        rows = chance.choice([0, 1, 3, LONGEST])
        self.number = 0
        state = self.types.getstate()
        deep = self.types.random() < 0.02
        forms = [self.types.choice([*FORMATS, *FORMATS, *NESTED]) for _ in range(self.types.randrange(1, 5))]
        schema, array = self.batch_of(["+w:1"] if deep else forms, rows)
        if deep:
            self.deepen(schema, array)
        self.types.setstate(state)
        return schema, array

    def batch_of(self, forms, rows):
        schema, array = self.field("n", rows, 9)
        schema.format = self.text(self.chance.choice(["i", "+l", ""]) if self.lie(0.03) else "+s")
        array.offset, array.n_buffers, array.buffers = 0, 1, self.pointers([])
        self.number = 0
        self.children(schema, array, forms, rows, 0)
        return schema, array

    def deepen(self, schema, array):
        """Makes lists of lists of lists of the first column."""
        inner, values = self.field("g", 1, 9)
        for _ in range(self.chance.choice([30, 33, 1000, 30_000])):
            outer, lists = Schema(), Array()
            outer.format, outer.name = self.text("+w:1"), self.text("a")
            outer.children, lists.children = self.pointers([inner]), self.pointers([values])
            outer.n_children = lists.n_children = 1
            lists.length, lists.n_buffers, lists.buffers = 1, 1, self.pointers([])
            outer.release, lists.release = inner.release, values.release
            inner, values = outer, lists
        schema.children, array.children = self.pointers([inner]), self.pointers([values])
        schema.n_children = array.n_children = array.length = 1


class Frame:
    """An object with one of Arrow's interfaces for Python."""

    def __init__(self, chance, trouble):
        self._chance, self._trouble = chance, trouble
        self._parts = Parts(chance, trouble)
        #: What was given away, each with whether it was released before.
        self._structures = []
        #: How many arrays and schemas were moved out of the stream.
        self._moved = 0
        if chance.random() < 0.5:
            self.__arrow_c_array__ = self._array
        else:
            self.__arrow_c_stream__ = self._stream

    def _given(self, structure):
        """Notes a structure that is given away, unless it says that it was released before."""
        if self._parts.lie(0.05):
            structure.release = None
        self._structures.append((structure, structure.release is None))
        return structure

    def _array(self, requested_schema=None):
        chance = self._chance
        if self._parts.lie(0.1):
            return self._trouble.act()
        schema, array = self._parts.batch()
        self._given(array)
        pair = (capsule(ctypes.addressof(schema), b"arrow_schema"), capsule(ctypes.addressof(array), b"arrow_array"))
        if self._parts.lie(0.1):
            return chance.choice([pair[::-1], pair[:1], list(pair), (*pair, None)])
        return pair

    def _stream(self, requested_schema=None):
        chance, parts = self._chance, self._parts
        if parts.lie(0.1):
            return self._trouble.act()
        schema, array = parts.batch()
        left = chance.choice([0, 1, 1, 2])
        message = parts.text(chance.choice([b"hostile", b"\xff\xfe", b"", b"x" * 5000]))

        def get_schema(_, out):
            self._poke()
            if parts.lie(0.05):
                return 5
            self._moved += 1
            ctypes.memmove(out, ctypes.addressof(schema), ctypes.sizeof(Schema))
            return 0

        def get_next(_, out):
            nonlocal left, array
            self._poke()
            if parts.lie(0.05):
                return chance.choice([5, -1, 2**31 - 1])
            if left == 0:
                ctypes.memset(out, 0, ctypes.sizeof(Array))
                return 0
            left -= 1
            self._moved += 1
            ctypes.memmove(out, ctypes.addressof(array), ctypes.sizeof(Array))
            if left:
                _, array = parts.batch()
            return 0

        functions = (
            GET_SCHEMA(get_schema),
            GET_NEXT(get_next),
            LAST_ERROR(lambda _: message if chance.random() < 0.8 else None),
        )
        stream = Stream()
        parts.kept += [stream, functions]
        stream.get_schema, stream.get_next, stream.get_last_error = (ctypes.cast(f, ctypes.c_void_p) for f in functions)
        stream.release = ctypes.cast(parts.release_stream, ctypes.c_void_p)
        self._given(stream)
        if parts.lie(0.03):
            stream.get_next = None
        name = b"arrow_array" if parts.lie(0.05) else b"arrow_array_stream"
        return capsule(ctypes.addressof(stream), name)

    def _poke(self):
        """Uses the buffer within the call; the callbacks of a stream cannot raise."""
        try:
            self._trouble.use_the_buffer()
        except Exception as e:
            self._parts.errors.append(str(e))

    def check(self, wrong):
        if self._parts.errors:
            raise wrong(self._parts.errors[0])
        taken = sum(structure.release is None and not before for structure, before in self._structures)
        if self._parts.released != taken + self._moved:
            raise wrong(f"{taken + self._moved} structures were taken, and {self._parts.released} released")
