"""Errors and enumerations."""

import copy
import pickle

import pytest

from questdb.ingress import IngressError, IngressErrorCode, Outcome, Protocol, TaggedEnum, TlsCa


def test_R1_ingress_error():
    e = IngressError(IngressErrorCode.InvalidName, "a message")
    assert isinstance(e, Exception)
    assert (e.code, str(e)) == (IngressErrorCode.InvalidName, "a message")
    assert (e.outcome, e.in_doubt, e.attempts, e.http_status) == (Outcome.NotSent, False, 0, None)
    for same in (copy.copy(e), pickle.loads(pickle.dumps(e))):
        assert (same.code, str(same)) == (e.code, str(e))
    with pytest.raises(AttributeError):
        e.code = IngressErrorCode.AuthError
    with pytest.raises(TypeError):
        IngressError("only a message")


def test_R2_codes():
    names = ["CouldNotResolveAddr", "InvalidApiCall", "SocketError", "InvalidUtf8", "InvalidName", "InvalidTimestamp", "AuthError",
             "TlsError", "HttpNotSupported", "ServerFlushError", "ConfigError"]  # fmt: skip
    assert [code.name for code in IngressErrorCode][:11] == names
    assert [IngressErrorCode[name].value for name in names] == list(range(11))
    assert str(IngressErrorCode.AuthError) == "AuthError"


def test_E11_bad_data_frame_is_a_code_of_its_own():
    assert IngressErrorCode.ConfigError.value == 10
    assert IngressErrorCode.BadDataFrame is not IngressErrorCode.ConfigError


def test_R3_protocol():
    values = {"Tcp": ("tcp", 0), "Tcps": ("tcps", 1), "Http": ("http", 2), "Https": ("https", 3)}
    assert {p.name: p.value for p in Protocol} == values
    assert [p.tag for p in Protocol] == ["tcp", "tcps", "http", "https"]
    assert [p.tls_enabled for p in Protocol] == [False, True, False, True]
    assert Protocol.parse("http") is Protocol.Http
    assert Protocol.parse(Protocol.Tcp) is Protocol.Tcp
    assert Protocol.parse(None) is None
    with pytest.raises(ValueError, match="'tcp', 'tcps', 'http', 'https'"):
        Protocol.parse("udp")
    assert issubclass(Protocol, TaggedEnum)


def test_R4_tls_ca():
    tags = ["webpki_roots", "os_roots", "webpki_and_os_roots", "pem_file"]
    assert [ca.value for ca in TlsCa] == [(tag, n) for n, tag in enumerate(tags)]
    assert [ca.name for ca in TlsCa] == ["WebpkiRoots", "OsRoots", "WebpkiAndOsRoots", "PemFile"]
