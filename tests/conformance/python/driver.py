"""The conformance driver in Python: commands on standard input, answers on standard output; see ../README.md.

A row is one call in Python. Each value of it is tried in a buffer of its own when it comes, so that an error is told with the
value that caused it; the call itself is made when the row ends.
"""

import datetime
import decimal
import struct
import sys
import urllib.parse

import numpy
from questdb_ingress import (
    IngressError,
    IngressErrorCode,
    Pool,
    Sender,
    ServerTimestamp,
    Ticket,
    TimestampMicros,
    TimestampNanos,
)

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def raw(word):
    """Undoes the escapes: %XX is a byte, a lone % nothing."""
    return b"" if word == "%" else urllib.parse.unquote_to_bytes(word)


def text(word):
    return raw(word).decode()


def micros(word):
    """A timestamp. The class of the package has none before 1970, datetime has."""
    return TimestampMicros(int(word)) if int(word) >= 0 else EPOCH + datetime.timedelta(microseconds=int(word))


def nanos(word):
    return TimestampNanos(int(word)) if int(word) >= 0 else numpy.datetime64(int(word), "ns")


def array(shape, data):
    values = numpy.frombuffer(raw(data), dtype="<f8")
    return values.reshape([int(size) for size in shape.split("x")])


def scaled(number, scale):
    digits = tuple(int(digit) for digit in str(abs(number)))
    return decimal.Decimal((int(number < 0), digits, -int(scale)))


VALUES = {
    "bool": lambda value: value != "0",
    "i64": int,
    "f64": lambda bits: struct.unpack(">d", bytes.fromhex(bits))[0],
    "str": text,
    "us": micros,
    "ns": nanos,
    "arr": array,
    "dec": lambda value: decimal.Decimal(text(value)),
    "dec64": lambda scale, number: scaled(int(number), scale),
    "decbin": lambda scale, data: scaled(int.from_bytes(raw(data), "big", signed=True), scale),
}


class Driver:
    def __init__(self):
        self.sender = self.transaction = self.pool = self.buffer = None
        self.batches = []
        self.drop()

    def drop(self):
        self.table, self.symbols, self.columns = None, {}, {}

    def open(self, conf):
        self.drop()
        self.transaction = None
        self.sender = Sender.from_conf(text(conf))
        self.sender.establish()

    def end(self, at):
        # A transaction knows its table.
        target, table = (self.transaction, []) if self.transaction else (self.sender, [self.table])
        row = {"symbols": self.symbols, "columns": self.columns, "at": at}
        self.drop()
        target.row(*table, **row)

    def value(self, kind, name, words):
        """Adds a value to the row, or the table's name, if it can be written."""
        if kind == "table":
            self.drop()
            self.table = text(name)
        elif kind == "symbol":
            self.symbols[text(name)] = text(words[0])
        else:
            self.columns[text(name)] = VALUES[kind](*words)
        self.sender.new_buffer().row(self.table, symbols=self.symbols, columns=self.columns, at=ServerTimestamp)

    def begin(self, table):
        transaction = self.sender.transaction(text(table))
        transaction.__enter__()
        self.transaction = transaction

    def finish(self, call):
        self.drop()
        getattr(self.transaction, call)()
        self.transaction = None

    def clear(self):
        self.drop()
        self.sender.clear()

    def open_pool(self, conf):
        self.pool = Pool.from_conf(text(conf))
        self.buffer = self.pool.new_buffer()
        self.batches = []

    def batch(self, table, first, count, key):
        self.buffer.clear()
        for i in range(int(first), int(first) + int(count)):
            self.buffer.row(text(table), columns={"v": i}, at=TimestampNanos(i))
        self.batches.append(self.pool.submit(self.buffer, order_key=int(key)))

    def completion(self, number):
        """The completion of a batch, which is asked for more than once."""
        batch = self.batches[int(number)]
        if isinstance(batch, Ticket):
            batch = self.batches[int(number)] = batch.wait(60)
        return batch

    def done(self, number):
        completion = self.completion(number)
        completion.raise_for_error()
        return completion.rows

    def again(self, number, key):
        self.batches.append(self.pool.submit(self.completion(number).failed_rows, order_key=int(key)))

    def pool_close(self, millis):
        report = self.pool.close(timeout=int(millis) / 1000)
        return report.unsent_rows + report.rows_in_doubt

    def command(self, verb, *words):
        match verb:
            case "pool":
                return self.open_pool(*words)
            case "batch" | "done" | "again" | "pool_close":
                return getattr(self, verb)(*words)
            case "pool_stat":
                return list(self.pool.stats().values())[int(words[0])]
            case "open" | "begin":
                return getattr(self, verb)(*words)
            case "drop" | "clear":
                return getattr(self, verb)()
            case "at_ns":
                return self.end(nanos(*words))
            case "at_us":
                return self.end(micros(*words))
            case "at_now":
                return self.end(ServerTimestamp)
            case "commit" | "rollback":
                return self.finish(verb)
            case "flush":
                return self.sender.flush()
            case "remove":
                return self.sender.remove_rows(*map(int, words))
            case "pending":
                return self.sender.row_count
            case "stat":
                return list(self.sender.stats().values())[int(words[0])]
            case "close":
                return self.sender.close()
        return self.value(verb, words[0], words[1:])


#: Errors that the package makes itself have no kind.
KINDS = {IngressErrorCode.InvalidApiCall: "INVALID_STATE", IngressErrorCode.ArrayError: "INVALID_ARRAY"}


def told(error):
    """An error as the suite compares it."""
    kind = error.kind or KINDS[error.code]
    marks = (("r", error.retryable), ("d", error.in_doubt), ("a", error.row_accepted))
    flags = "".join(mark for mark, is_set in marks if is_set)
    return f"err {kind} {error.outcome.value} {flags}. {error.http_status or 0} {error.server_line or 0} {error}"


def main():
    driver = Driver()
    for line in sys.stdin:
        try:
            answer = f"ok {driver.command(*line.rstrip().split(' ')) or 0}"
        except IngressError as error:
            answer = told(error)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
