"""Errors and the enumerations that arguments and errors use."""

from enum import Enum

__all__ = ["IngressError", "IngressErrorCode", "Outcome", "Protocol", "TaggedEnum", "TlsCa"]


class TaggedEnum(Enum):
    """An enumeration whose members have a tag, by which connection strings name them."""

    @property
    def tag(self):
        """The name of this member in a connection string."""
        return self.value[0]

    @classmethod
    def parse(cls, tag):
        """Returns the member with this tag, the member itself, or None for None."""
        if tag is None or isinstance(tag, cls):
            return tag
        for member in cls:
            if member.tag == tag:
                return member
        tags = ", ".join(repr(member.tag) for member in cls)
        raise ValueError(f"Invalid value for {cls.__name__}: {tag!r}, must be one of {tags}")


class Protocol(TaggedEnum):
    """How rows reach the server."""

    Tcp = ("tcp", 0)
    Tcps = ("tcps", 1)
    Http = ("http", 2)
    Https = ("https", 3)

    @property
    def tls_enabled(self):
        """Whether the connection is encrypted."""
        return self in (Protocol.Tcps, Protocol.Https)


class TlsCa(TaggedEnum):
    """Which certificate authorities to trust."""

    WebpkiRoots = ("webpki_roots", 0)
    OsRoots = ("os_roots", 1)
    WebpkiAndOsRoots = ("webpki_and_os_roots", 2)
    PemFile = ("pem_file", 3)


class IngressErrorCode(Enum):
    """What kind of thing went wrong."""

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

    def __str__(self):
        return self.name


class Outcome(Enum):
    """What is known about the rows of a flush that failed."""

    NotSent = "NOT_SENT"
    """Nothing was stored, and sending again is safe."""
    Rejected = "REJECTED"
    """The server refused all rows and stored nothing."""
    Partial = "PARTIAL"
    """Some tables may have been stored, others not."""
    InDoubt = "IN_DOUBT"
    """The rows went out and no answer came: they may have been stored."""
    Submitted = "SUBMITTED"
    """ILP/TCP: the rows were given to the kernel, and there is no answer."""
    Committed = "COMMITTED"
    """The server confirmed that the rows are stored."""

    def __str__(self):
        return self.name


class IngressError(Exception):
    """An error about rows, a configuration, or the server. ``str()`` of it is the message."""

    outcome = Outcome.NotSent
    kind = None
    in_doubt = False
    retryable = False
    row_accepted = False
    attempts = 0
    in_doubt_attempts = 0
    http_status = None
    retry_after = None
    server_error_id = None
    server_code = None
    server_line = None
    table = None
    bytes_sent = 0
    elapsed = 0.0
    earlier_rows_in_doubt = 0

    def __init__(self, code, msg):
        super().__init__(code, msg)
        self._code = code

    @property
    def code(self):
        """What kind of error this is, an IngressErrorCode."""
        return self._code

    def __str__(self):
        return str(self.args[1])


# These classes are known under the name of the package.
for _class in (TaggedEnum, Protocol, TlsCa, IngressErrorCode, Outcome, IngressError):
    _class.__module__ = "questdb_ingress"
del _class
