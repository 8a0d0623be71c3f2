"""What the programs of the documentation of `questdb.ingress` do, each against the receiver: logins, TLS, buffers, automatic flushes,
frames, transactions, two databases, threads. Written anew for the tests.
"""

import concurrent.futures
import datetime as dt
import threading

import pytest
from questdb.ingress import Buffer, IngressError, IngressErrorCode, Protocol, Sender, ServerTimestamp, TimestampNanos

from receiver import KEY, KEY_ID

pd = pytest.importorskip("pandas")


def amounts(receiver, table="trades"):
    return sorted(float(row["amount"]) for row in receiver.rows(table))


def trade(sender, amount, **other):
    sender.row("trades", symbols={"pair": "ETH-USD"}, columns={"amount": amount, **other}, at=TimestampNanos.now())


def test_X8_http_with_a_token_and_tls(start_receiver, certificates):
    receiver = start_receiver(*certificates.options, "--token", "secret")
    with Sender.from_conf(receiver.http + f"token=secret;tls_roots={certificates.ca};") as sender:
        trade(sender, 1.5)
    with Sender(Protocol.Https, "127.0.0.1", receiver.http_port, token="secret", tls_roots=certificates.ca) as sender:
        trade(sender, 2.5)
    assert amounts(receiver) == [1.5, 2.5]
    with pytest.raises(IngressError) as caught, Sender.from_conf(receiver.http + "token=secret;", tls_ca="webpki_roots") as sender:
        trade(sender, 3.5)
    assert caught.value.code is IngressErrorCode.TlsError and "secret" not in str(caught.value)
    with pytest.raises(IngressError) as caught, Sender.from_conf(receiver.http, token="wrong", tls_roots=certificates.ca) as sender:
        trade(sender, 4.5)
    assert caught.value.code is IngressErrorCode.AuthError
    assert amounts(receiver) == [1.5, 2.5]


def test_X8_tcp_with_a_key_and_tls(start_receiver, certificates):
    receiver = start_receiver(*certificates.options, "--ecdsa", KEY_ID, KEY["token_x"], KEY["token_y"])
    assert receiver.tcp.startswith("tcps::")
    options = {"username": KEY_ID, **KEY, "tls_ca": "pem_file", "tls_roots": str(certificates.ca)}
    with Sender(Protocol.Tcps, "127.0.0.1", receiver.tcp_port, **options) as sender:
        trade(sender, 1.5)
    receiver.wait_for("trades", 1)
    assert amounts(receiver) == [1.5]


def test_X8_buffers(receiver):
    buffer = Buffer(protocol_version=2)
    trade(buffer, 1.5)
    trade(buffer, 2.5, when=dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc))
    with Sender.from_conf(receiver.http) as sender:
        sender.flush(buffer)
        assert len(buffer) == 0
        trade(buffer, 3.5)
        sender.flush(buffer, transactional=True)
    assert amounts(receiver) == [1.5, 2.5, 3.5]


def test_X8_automatic_flushes_in_a_loop(receiver):
    with Sender.from_conf(receiver.http, auto_flush_rows=10, auto_flush_interval=60_000) as sender:
        for i in range(25):
            trade(sender, float(i))
        assert len(receiver.rows("trades")) == 20
    assert amounts(receiver) == [float(i) for i in range(25)]


def frame():
    return pd.DataFrame(
        {
            "pair": ["ETH-USD", "BTC-USD", "ETH-USD"],
            "side": pd.Categorical(["sell", "buy", None]),
            "amount": [1.5, 2.5, 3.5],
            "when": pd.to_datetime(["2024-01-01T00:00:00.000000001", "2024-01-02", "2024-01-03"], format="ISO8601"),
        }
    )


def test_X8_a_frame(receiver):
    with Sender.from_conf(receiver.http) as sender:
        sender.dataframe(frame(), table_name="trades", symbols=["pair", "side"], at="when")
    assert amounts(receiver) == [1.5, 2.5, 3.5]
    assert [receiver.types("trades")[name] for name in ("pair", "side", "amount")] == ["SYMBOL", "SYMBOL", "DOUBLE"]
    assert [row.get("side") for row in receiver.rows("trades")] == ["sell", "buy", None]


def test_X8_categories_and_a_column_of_tables(receiver):
    df = frame().assign(pair=lambda df: df["pair"].astype("category"))
    with Sender.from_conf(receiver.http) as sender:
        sender.dataframe(df, table_name_col="pair", at=ServerTimestamp)
    assert amounts(receiver, "ETH-USD") == [1.5, 3.5] and amounts(receiver, "BTC-USD") == [2.5]
    assert "pair" not in receiver.types("ETH-USD") and receiver.types("ETH-USD")["side"] == "SYMBOL"


def test_X8_a_frame_of_parquet(receiver, tmp_path):
    pytest.importorskip("pyarrow")
    df = frame()
    df.index.name = "trades"
    df.to_parquet(tmp_path / "trades.parquet")
    with Sender.from_conf(receiver.http) as sender:
        # The name of the index, which the file kept, is that of the table.
        sender.dataframe(pd.read_parquet(tmp_path / "trades.parquet"), at="when")
    assert amounts(receiver) == [1.5, 2.5, 3.5]
    assert receiver.types("trades")["side"] == "SYMBOL"


def test_X8_transactions(receiver):
    with Sender.from_conf(receiver.http) as sender:
        with sender.transaction("trades") as transaction:
            transaction.row(columns={"amount": 1.5}, at=ServerTimestamp)
            transaction.dataframe(pd.DataFrame({"amount": [2.5]}), at=ServerTimestamp)
        with pytest.raises(ZeroDivisionError), sender.transaction("trades") as transaction:
            transaction.row(columns={"amount": 1 / 0}, at=ServerTimestamp)
    assert amounts(receiver) == [1.5, 2.5]


def test_X8_two_databases(start_receiver):
    first, second = start_receiver(), start_receiver()
    buffer = Buffer(protocol_version=2)
    trade(buffer, 1.5)
    with Sender.from_conf(first.http) as one, Sender.from_conf(second.http) as other:
        one.flush(buffer, clear=False)
        other.flush(buffer, clear=False)
    assert amounts(first) == amounts(second) == [1.5]
    assert len(buffer) > 0


def test_X8_threads_of_a_pool(receiver):
    mine = threading.local()
    senders = []

    def work(i):
        if not hasattr(mine, "sender"):
            mine.sender = Sender.from_conf(receiver.http, auto_flush_rows=7)
            mine.sender.establish()
            senders.append(mine.sender)
        trade(mine.sender, float(i))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(200)))
    for sender in senders:
        sender.close()
    assert amounts(receiver) == [float(i) for i in range(200)]


def test_X9_migration(receiver):
    """What was called so before 2.0 is refused at once, with a reason, and what replaces it does the same."""
    host, port = "127.0.0.1", receiver.tcp_port
    for call, reason in (
        (lambda: Sender(host, port), "argument"),
        (lambda: Sender(host, port, auth=("id", "d", "x", "y")), "argument"),
        (lambda: Sender(Protocol.Tcp, host, port, auth=("id", "d", "x", "y")), "auth"),
        (lambda: Sender(Protocol.Tcp, host, port, tls=True), "tls"),
        (lambda: Sender(Protocol.Tcp, host, port, init_capacity=1024), "init_capacity"),
        (lambda: Buffer(init_capacity=1024), "init_capacity"),
        (lambda: Buffer().row("trades", columns={"amount": 1.5}), "at"),
        (lambda: Buffer().dataframe(frame(), table_name="trades"), "at"),
    ):
        with pytest.raises((TypeError, ValueError), match=reason):
            call()
    # Rows went out at the end of the block and when they filled the buffer; so they do by these settings.
    with Sender(Protocol.Tcp, host, port, init_buf_size=1024, auto_flush_rows="off", auto_flush_bytes=64512) as sender:
        for i in range(3000):
            trade(sender, float(i))
    receiver.wait_for("trades", 3000)
    assert amounts(receiver) == [float(i) for i in range(3000)]
