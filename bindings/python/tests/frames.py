"""What the tests of ``dataframe`` share: the same rows once by ``dataframe`` and once by ``row``."""

import pytest
from questdb.ingress import Buffer, IngressError, IngressErrorCode, ServerTimestamp

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")


def sent(df, version=1, at=ServerTimestamp, **arguments):
    """Returns the bytes that a frame becomes."""
    if not {"table_name", "table_name_col"} & set(arguments):
        arguments["table_name"] = "t"
    buffer = Buffer(protocol_version=version)
    assert buffer.dataframe(df, at=at, **arguments) is buffer
    return bytes(buffer)


def rows(*rows, version=1, table="t", at=ServerTimestamp):
    """Returns the bytes of single rows: each is a dict of columns, or a pair of symbols and columns."""
    buffer = Buffer(protocol_version=version)
    for row in rows:
        symbols, columns = row if isinstance(row, tuple) else ({}, row)
        buffer.row(table, symbols=symbols, columns=columns, at=at)
    return bytes(buffer)


def refused(df, code=IngressErrorCode.BadDataFrame, before=True, version=2, **arguments):
    """Returns the message of the IngressError that a frame causes, and checks that the buffer is as before."""
    buffer = Buffer(protocol_version=version)
    if before:
        buffer.row("before", columns={"x": 1}, at=ServerTimestamp)
    old = bytes(buffer)
    arguments.setdefault("at", ServerTimestamp)
    if not {"table_name", "table_name_col"} & set(arguments):
        arguments["table_name"] = "t"
    with pytest.raises(IngressError) as caught:
        buffer.dataframe(df, **arguments)
    assert caught.value.code is code, caught.value
    assert bytes(buffer) == old
    buffer.row("after", columns={"x": 1}, at=ServerTimestamp)
    return str(caught.value)
