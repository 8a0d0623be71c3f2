from collections.abc import Generator
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Final, Literal, Self, SupportsIndex, TypeAlias, TypedDict, final, type_check_only
from typing import Protocol as _Structural

from typing_extensions import disjoint_base

from ._errors import IngressError, IngressErrorCode, Outcome, Protocol, TaggedEnum, TlsCa

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

VERSION: Final[str]
__version__: Final[str]
WARN_HIGH_RECONNECTS: bool

@type_check_only
class _Array(_Structural):
    @property
    def __array_struct__(self) -> Any: ...

# Values have no type of their own here: a dict is invariant in them, so that `dict[str, float]` would not fit.
_Columns: TypeAlias = dict[str, Any]
_Symbols: TypeAlias = dict[str, str] | dict[str, None] | dict[str, str | None]
_At: TypeAlias = ServerTimestampType | TimestampNanos | TimestampMicros | datetime | _Array
_Frame: TypeAlias = Any  # of pandas, polars, pyarrow, or with __arrow_c_stream__ or __arrow_c_array__
_SymbolColumns: TypeAlias = Literal["auto"] | bool | list[int] | list[str] | list[int | str] | tuple[int | str, ...]
_Switch: TypeAlias = bool | Literal["on", "off"] | None
_Number: TypeAlias = int | str | None
_Limit: TypeAlias = int | str | bool | None
_Time: TypeAlias = int | str | timedelta | None
_TimeLimit: TypeAlias = int | str | timedelta | bool | None

@final
class ServerTimestampType:
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: dict[int, Any]) -> Self: ...

ServerTimestamp: Final[ServerTimestampType]

@final
class TimestampMicros:
    def __new__(cls, value: SupportsIndex) -> Self: ...
    @classmethod
    def from_datetime(cls, dt: datetime) -> Self: ...
    @classmethod
    def now(cls) -> Self: ...
    @property
    def value(self) -> int: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: TimestampMicros, /) -> bool: ...
    def __le__(self, other: TimestampMicros, /) -> bool: ...
    def __gt__(self, other: TimestampMicros, /) -> bool: ...
    def __ge__(self, other: TimestampMicros, /) -> bool: ...

@final
class TimestampNanos:
    def __new__(cls, value: SupportsIndex) -> Self: ...
    @classmethod
    def from_datetime(cls, dt: datetime) -> Self: ...
    @classmethod
    def now(cls) -> Self: ...
    @property
    def value(self) -> int: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: TimestampNanos, /) -> bool: ...
    def __le__(self, other: TimestampNanos, /) -> bool: ...
    def __gt__(self, other: TimestampNanos, /) -> bool: ...
    def __ge__(self, other: TimestampNanos, /) -> bool: ...

@disjoint_base
class Buffer:
    def __new__(
        cls, init_buf_size: SupportsIndex = 65536, max_name_len: SupportsIndex = 127, *, protocol_version: int = 1
    ) -> Self: ...
    @property
    def init_buf_size(self) -> int: ...
    @property
    def max_name_len(self) -> int: ...
    @property
    def protocol_version(self) -> int: ...
    def reserve(self, additional: SupportsIndex) -> None: ...
    def capacity(self) -> int: ...
    @property
    def row_count(self) -> int: ...
    def clear(self) -> None: ...
    def remove_rows(self, first: int, count: int = 1) -> None: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __bytes__(self) -> bytes: ...
    def row(
        self, table_name: str, *, symbols: _Symbols | None = None, columns: _Columns | None = None, at: _At
    ) -> Self: ...
    def dataframe(
        self,
        df: _Frame,
        *,
        table_name: str | None = None,
        table_name_col: int | str | None = None,
        symbols: _SymbolColumns = "auto",
        at: _At | int | str,
    ) -> Self: ...

@type_check_only
class _Stats(TypedDict):
    flushes: int
    failed_flushes: int
    rows_committed: int
    bytes_committed: int
    rows_submitted: int
    bytes_submitted: int
    retries_connect: int
    retries_connection: int
    retries_timeout: int
    retries_busy: int
    retries_server: int
    in_doubt_attempts: int
    reconnects: int
    failed_auto_flushes: int
    auto_flush_wait_millis: int
    last_error: IngressError | None

@disjoint_base
class Sender:
    def __new__(
        cls,
        protocol: Protocol | Literal["tcp", "tcps", "http", "https"],
        host: str,
        port: int | str,
        *,
        bind_interface: str | None = None,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        token_x: str | None = None,
        token_y: str | None = None,
        auth_timeout: _Time = None,
        tls_verify: bool | Literal["on", "unsafe_off"] | None = None,
        tls_ca: TlsCa | str | None = None,
        tls_roots: str | PathLike[str] | PathLike[bytes] | None = None,
        max_buf_size: _Number = None,
        retry_timeout: _Time = None,
        request_min_throughput: _Number = None,
        request_timeout: _Time = None,
        auto_flush: _Switch = None,
        auto_flush_rows: _Limit = None,
        auto_flush_bytes: _Limit = None,
        auto_flush_interval: _TimeLimit = None,
        protocol_version: int | str | None = None,
        init_buf_size: _Number = None,
        max_name_len: _Number = None,
    ) -> Self: ...
    @staticmethod
    def from_conf(
        conf_str: str,
        *,
        bind_interface: str | None = None,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        token_x: str | None = None,
        token_y: str | None = None,
        auth_timeout: _Time = None,
        tls_verify: bool | Literal["on", "unsafe_off"] | None = None,
        tls_ca: TlsCa | str | None = None,
        tls_roots: str | PathLike[str] | PathLike[bytes] | None = None,
        max_buf_size: _Number = None,
        retry_timeout: _Time = None,
        request_min_throughput: _Number = None,
        request_timeout: _Time = None,
        auto_flush: _Switch = None,
        auto_flush_rows: _Limit = None,
        auto_flush_bytes: _Limit = None,
        auto_flush_interval: _TimeLimit = None,
        protocol_version: int | str | None = None,
        init_buf_size: _Number = None,
        max_name_len: _Number = None,
    ) -> Sender: ...
    @staticmethod
    def from_env(
        *,
        bind_interface: str | None = None,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        token_x: str | None = None,
        token_y: str | None = None,
        auth_timeout: _Time = None,
        tls_verify: bool | Literal["on", "unsafe_off"] | None = None,
        tls_ca: TlsCa | str | None = None,
        tls_roots: str | PathLike[str] | PathLike[bytes] | None = None,
        max_buf_size: _Number = None,
        retry_timeout: _Time = None,
        request_min_throughput: _Number = None,
        request_timeout: _Time = None,
        auto_flush: _Switch = None,
        auto_flush_rows: _Limit = None,
        auto_flush_bytes: _Limit = None,
        auto_flush_interval: _TimeLimit = None,
        protocol_version: int | str | None = None,
        init_buf_size: _Number = None,
        max_name_len: _Number = None,
    ) -> Sender: ...
    @property
    def init_buf_size(self) -> int: ...
    @property
    def max_name_len(self) -> int: ...
    @property
    def protocol_version(self) -> int | None: ...
    @property
    def auto_flush(self) -> bool: ...
    @property
    def auto_flush_rows(self) -> int | None: ...
    @property
    def auto_flush_bytes(self) -> int | None: ...
    @property
    def auto_flush_interval(self) -> timedelta | None: ...
    def establish(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> Literal[False]: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __bytes__(self) -> bytes: ...
    def new_buffer(self) -> Buffer: ...
    def transaction(self, table_name: str) -> SenderTransaction: ...
    def row(
        self, table_name: str, *, symbols: _Symbols | None = None, columns: _Columns | None = None, at: _At
    ) -> Self: ...
    def dataframe(
        self,
        df: _Frame,
        *,
        table_name: str | None = None,
        table_name_col: int | str | None = None,
        symbols: _SymbolColumns = "auto",
        at: _At | int | str,
        threads: int = 0,
    ) -> Self: ...
    def flush(self, buffer: Buffer | None = None, clear: bool = True, transactional: bool = False) -> None: ...
    async def flush_async(
        self, buffer: Buffer | None = None, clear: bool = True, transactional: bool = False
    ) -> None: ...
    def close(self, flush: bool = True) -> None: ...
    def cancel(self) -> None: ...
    @property
    def row_count(self) -> int: ...
    def clear(self) -> None: ...
    def remove_rows(self, first: int, count: int = 1) -> None: ...
    def stats(self) -> _Stats: ...

@final
class SenderTransaction:
    def __new__(cls, sender: Sender, table_name: str) -> Self: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]: ...
    def row(self, *, symbols: _Symbols | None = None, columns: _Columns | None = None, at: _At) -> Self: ...
    def dataframe(self, df: _Frame, *, symbols: _SymbolColumns = "auto", at: _At | int | str) -> Self: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...

_Seconds: TypeAlias = float | timedelta | None

@type_check_only
class _PoolStats(TypedDict):
    queued_batches: int
    batches_in_flight: int
    unread_completions: int
    queue_bytes: int
    workers: int
    rows_sent: int
    rows_not_stored: int
    rows_in_doubt: int

@final
class Pool:
    @staticmethod
    def from_conf(conf_str: str) -> Pool: ...
    @staticmethod
    def from_env() -> Pool: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> Literal[False]: ...
    def new_buffer(self) -> Buffer: ...
    def submit(self, buffer: Buffer, *, order_key: int | None = None, timeout: _Seconds = None) -> Ticket: ...
    def next(self, timeout: _Seconds = None) -> Completion | None: ...
    def fileno(self) -> int: ...
    def drain(self, timeout: _Seconds = None) -> bool: ...
    def close(self, timeout: _Seconds = None) -> PoolReport: ...
    def stats(self) -> _PoolStats: ...

@final
class Ticket:
    @property
    def batch(self) -> int: ...
    def wait(self, timeout: _Seconds = None) -> Completion: ...
    def cancel(self, in_flight_too: bool = False) -> bool: ...
    def __await__(self) -> Generator[Any, Any, Completion]: ...

@final
class Completion:
    @property
    def batch(self) -> int: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def in_doubt_attempts(self) -> int: ...
    @property
    def error(self) -> IngressError | None: ...
    @property
    def failed_rows(self) -> Buffer | None: ...
    def raise_for_error(self) -> None: ...

@final
class PoolReport:
    @property
    def unsent_rows(self) -> int: ...
    @property
    def rows_in_doubt(self) -> int: ...
    @property
    def earlier_rows_in_doubt(self) -> int: ...
    @property
    def error(self) -> IngressError | None: ...
