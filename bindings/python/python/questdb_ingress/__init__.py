"""Rows into QuestDB: fast, and truthful about what was stored.

The package has the API of ``questdb.ingress``, which is also there under that name. Start with ``Sender``::

    from questdb_ingress import Sender, TimestampNanos

    with Sender.from_conf("http::addr=localhost:9000;") as sender:
        sender.row("trades", symbols={"symbol": "ETH-USD"}, columns={"price": 2615.54}, at=TimestampNanos.now())
"""

from ._async import flush_async as _flush_async
from ._errors import IngressError, IngressErrorCode, Outcome, Protocol, TaggedEnum, TlsCa
from ._native import (
    VERSION,
    Buffer,
    Completion,
    Pool,
    PoolReport,
    Sender,
    SenderTransaction,
    ServerTimestamp,
    ServerTimestampType,
    Ticket,
    TimestampMicros,
    TimestampNanos,
)
from ._pool import await_ticket as _await_ticket

__all__ = [
    "VERSION",
    "WARN_HIGH_RECONNECTS",
    "Buffer",
    "Completion",
    "IngressError",
    "IngressErrorCode",
    "Outcome",
    "Pool",
    "PoolReport",
    "Protocol",
    "Sender",
    "SenderTransaction",
    "ServerTimestamp",
    "ServerTimestampType",
    "TaggedEnum",
    "Ticket",
    "TimestampMicros",
    "TimestampNanos",
    "TlsCa",
]

__version__ = VERSION

#: Whether a ``UserWarning`` tells of senders that are established and closed in quick succession.
WARN_HIGH_RECONNECTS = True

Sender.flush_async = _flush_async
Sender.flush_async.__qualname__ = "Sender.flush_async"
Ticket.__await__ = _await_ticket
Ticket.__await__.__qualname__ = "Ticket.__await__"
