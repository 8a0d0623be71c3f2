from enum import Enum
from typing import Self

__all__ = ["IngressError", "IngressErrorCode", "Outcome", "Protocol", "TaggedEnum", "TlsCa"]

class TaggedEnum(Enum):  # type: ignore[misc]  # has no members of its own
    @property
    def tag(self) -> str: ...
    @classmethod
    def parse(cls, tag: str | Self | None) -> Self | None: ...

class Protocol(TaggedEnum):
    Tcp = ("tcp", 0)
    Tcps = ("tcps", 1)
    Http = ("http", 2)
    Https = ("https", 3)
    @property
    def tls_enabled(self) -> bool: ...

class TlsCa(TaggedEnum):
    WebpkiRoots = ("webpki_roots", 0)
    OsRoots = ("os_roots", 1)
    WebpkiAndOsRoots = ("webpki_and_os_roots", 2)
    PemFile = ("pem_file", 3)

class IngressErrorCode(Enum):
    CouldNotResolveAddr = 0
    InvalidApiCall = 1
    SocketError = 2
    InvalidUtf8 = 3
    InvalidName = 4
    InvalidTimestamp = 5
    AuthError = 6
    TlsError = 7
    HttpNotSupported = 8
    ServerFlushError = 9
    ConfigError = 10
    ArrayError = 11
    ProtocolVersionError = 12
    DecimalError = 13
    BadDataFrame = 14

class Outcome(Enum):
    NotSent = "NOT_SENT"
    Rejected = "REJECTED"
    Partial = "PARTIAL"
    InDoubt = "IN_DOUBT"
    Submitted = "SUBMITTED"
    Committed = "COMMITTED"

class IngressError(Exception):
    outcome: Outcome
    kind: str | None
    in_doubt: bool
    retryable: bool
    row_accepted: bool
    attempts: int
    in_doubt_attempts: int
    http_status: int | None
    retry_after: float | None
    server_error_id: str | None
    server_code: str | None
    server_line: int | None
    table: str | None
    bytes_sent: int
    elapsed: float
    earlier_rows_in_doubt: int
    def __init__(self, code: IngressErrorCode, msg: str) -> None: ...
    @property
    def code(self) -> IngressErrorCode: ...
