"""Checked by mypy, never run: what users write has types, and what is wrong is told."""

import datetime
from decimal import Decimal

from questdb.ingress import (
    Buffer,
    IngressError,
    IngressErrorCode,
    Outcome,
    Pool,
    Protocol,
    Sender,
    ServerTimestamp,
    TimestampMicros,
    TimestampNanos,
    TlsCa,
)


def rows(prices: dict[str, float], at: datetime.datetime) -> int:
    buffer = Buffer(protocol_version=2)
    buffer.row("t", symbols={"a": "b"}, columns=prices, at=at).row("t", columns={"a": [1.0], "b": Decimal(1)}, at=ServerTimestamp)
    buffer.row("t", columns={"a": TimestampMicros.now()}, at=TimestampNanos.from_datetime(at))
    return len(buffer) + len(bytes(buffer))


async def send(token: str | None) -> Outcome:
    with Sender(Protocol.Https, "localhost", 9000, token=token, tls_ca=TlsCa.OsRoots, retry_timeout=datetime.timedelta(1)) as sender:
        try:
            with sender.transaction("t") as transaction:
                transaction.row(columns={"a": 1}, at=ServerTimestamp).commit()
            await sender.flush_async()
        except IngressError as e:
            assert e.code is IngressErrorCode.ServerFlushError
            return e.outcome
        return Outcome.Committed if sender.stats()["rows_committed"] else Outcome.NotSent


async def batches(pool: Pool) -> int:
    buffer = pool.new_buffer().row("t", columns={"a": 1}, at=ServerTimestamp)
    done = await pool.submit(buffer, order_key=7, timeout=datetime.timedelta(seconds=1))
    return done.rows if done.outcome is Outcome.Committed else pool.close(timeout=1.5).unsent_rows


Buffer().row("t", {"a": "b"}, at=ServerTimestamp)  # type: ignore[call-arg]
Buffer().row("t", columns={"a": 1})  # type: ignore[call-arg]
Buffer().row("t", columns={"a": 1}, at=5)  # type: ignore[arg-type]
TimestampNanos("1")  # type: ignore[arg-type]
Sender("udp", "localhost", 1)  # type: ignore[arg-type]
