"""How a sender is made: arguments, connection strings, properties."""

import base64
import datetime as dt
import inspect
import itertools
import os
import pathlib
import subprocess
import sys

import pytest

from questdb.ingress import IngressError, IngressErrorCode, Protocol, Sender, TlsCa
from servers import closed_port

CODE = IngressErrorCode
KEYWORDS = [
    "bind_interface", "username", "password", "token", "token_x", "token_y", "auth_timeout", "tls_verify", "tls_ca",
    "tls_roots", "max_buf_size", "retry_timeout", "request_min_throughput", "request_timeout", "auto_flush",
    "auto_flush_rows", "auto_flush_bytes", "auto_flush_interval", "init_buf_size", "max_name_len",
]  # fmt: skip
TEXT_OF = {"bind_interface": "127.0.0.1", "username": "u", "password": "p", "token": "t", "token_x": "x", "token_y": "y",
           "tls_verify": "on", "tls_ca": "os_roots", "tls_roots": "/none.pem", "auto_flush": "on"}  # fmt: skip


@pytest.mark.parametrize("tag", ["tcp", "tcps", "http", "https"])
def test_S1_positional_arguments(tag):
    for protocol in (tag, Protocol.parse(tag)):
        for port in (9000, "9000"):
            sender = Sender(protocol, "localhost", port)
            assert repr(sender) == f"<questdb_ingress.Sender {tag} localhost:9000>"
    assert "[::1]:9000" in repr(Sender("http", "::1", 9000))
    assert "[::1]:9000" in repr(Sender("http", "[::1]", 9000))


def test_S1_wrong_types():
    for arguments in ((5, "localhost", 1), ("http", 5, 1), ("http", "localhost", 1.5), ("http", "localhost", True), ("http", "localhost")):
        with pytest.raises(TypeError):
            Sender(*arguments)
    for port in (0, -1, 65536, "x"):
        with pytest.raises(ValueError):
            Sender("http", "localhost", port)


def test_S2_unknown_protocol_or_authorities():
    with pytest.raises(ValueError, match="'tcp', 'tcps', 'http', 'https'"):
        Sender("udp", "localhost", 1)
    with pytest.raises(ValueError, match="webpki_and_os_roots"):
        Sender("https", "localhost", 1, tls_ca="nobody")
    with pytest.raises(ValueError, match="pem_file"):
        TlsCa.parse("nobody")


@pytest.mark.parametrize("call, first", [(Sender, ["protocol", "host", "port"]), (Sender.from_conf, ["conf_str"]), (Sender.from_env, [])])
def test_S3_signatures(call, first):
    parameters = inspect.signature(call).parameters
    assert [n for n in parameters if parameters[n].kind is not inspect.Parameter.KEYWORD_ONLY] == first
    keywords = [n for n in parameters if n not in first]
    assert sorted(keywords) == sorted([*KEYWORDS, "protocol_version"])
    assert all(parameters[n].default is None for n in keywords)
    with pytest.raises(TypeError, match="unexpected keyword argument 'transaction'"):
        Sender("http", "localhost", 1, transaction=True)


def test_S4_from_env(monkeypatch):
    monkeypatch.delenv("QDB_CLIENT_CONF", raising=False)
    code = "from questdb_ingress import Sender; print(Sender.from_env(auto_flush_rows=7).auto_flush_rows)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "QDB_CLIENT_CONF" in done.stderr and "IngressError" in done.stderr
    env = os.environ | {"QDB_CLIENT_CONF": "http::addr=localhost;"}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env).stdout == "7\n"


def test_S5_grammar():
    for conf in ("http::addr=localhost:9000;", "http::addr=localhost:9000", "HTTP::addr=localhost:9000;"):
        assert repr(Sender.from_conf(conf)) == "<questdb_ingress.Sender http localhost:9000>"
    Sender.from_conf("http::addr=localhost;username=a;;b;password=c;;;")
    for conf in ("", "http", "http:", "http::", "http::addr=localhost;ADDR=x;", "http::addr;", "ws::addr=x;", "http::addr=x;;y;"):
        with pytest.raises(IngressError) as raised:
            Sender.from_conf(conf)
        assert raised.value.code is CODE.ConfigError
    with pytest.raises(TypeError):
        Sender.from_conf(5)


@pytest.mark.parametrize("key", [*KEYWORDS, "protocol_version"])
def test_S6_key_given_twice(key):
    text = TEXT_OF.get(key, "1")
    with pytest.raises(ValueError, match=f'"{key}" is already present in the conf_str and cannot be overridden.'):
        Sender.from_conf(f"https::addr=localhost;{key}={text};", **{key: text})
    with pytest.raises(TypeError):
        Sender.from_conf("http::addr=localhost;", addr="other")


def test_S7_unknown_key():
    with pytest.raises(IngressError, match="auto_flush_rows") as raised:
        Sender.from_conf("http::addr=localhost;auto_flush_row=5;")
    assert raised.value.code is CODE.ConfigError


def settings(**options):
    return Sender("http", "localhost", 9000, **options)


def test_S8_types_of_values():
    assert settings(auto_flush=True).auto_flush is True
    assert settings(auto_flush="on").auto_flush is True
    assert settings(auto_flush=False).auto_flush is False
    assert settings(auto_flush="off").auto_flush is False
    for value in (5, "5"):
        assert settings(auto_flush_rows=value).auto_flush_rows == 5
        assert settings(auto_flush_bytes=value).auto_flush_bytes == 5
        assert settings(init_buf_size=value).init_buf_size == 5
        assert settings(max_name_len=value).max_name_len == 5
        assert settings(auto_flush_interval=value).auto_flush_interval == dt.timedelta(milliseconds=5)
    assert settings(auto_flush_interval=dt.timedelta(seconds=2)).auto_flush_interval == dt.timedelta(seconds=2)
    assert settings(auto_flush_interval=dt.timedelta(microseconds=1)).auto_flush_interval == dt.timedelta(milliseconds=1)
    for key in ("auth_timeout", "retry_timeout", "request_timeout"):
        for value in (5, "5", dt.timedelta(seconds=5)):
            settings(**{key: value})
    for roots in ("/x.pem", pathlib.Path("/x.pem"), os.fsencode("/x.pem")):
        with pytest.raises((IngressError, TypeError)) as raised:
            Sender("https", "localhost", 9000, tls_roots=roots)
        assert "x.pem" in str(raised.value) or isinstance(roots, bytes)
    for ca in ("webpki_roots", TlsCa.WebpkiRoots):
        Sender("https", "localhost", 9000, tls_ca=ca, tls_verify=True)
    for key, value in itertools.product(KEYWORDS, (1.5, object(), b"x", [])):
        with pytest.raises(TypeError, match=key):
            Sender("https", "localhost", 9000, **{key: value})


def test_S9_out_of_range():
    for key in ("auto_flush_rows", "auto_flush_bytes", "auto_flush_interval", "init_buf_size", "max_buf_size", "max_name_len",
                "auth_timeout", "request_timeout"):  # fmt: skip
        for value in (0, -1):
            with pytest.raises(ValueError, match=f'"{key}" must be >= 1, not {value}'):
                settings(**{key: value})
        for text in ("0", "x", "-1", ""):
            if (key, text) != ("auth_timeout", "0"):
                with pytest.raises(ValueError, match=key):
                    settings(**{key: text})
    for key in ("auto_flush_interval", "auth_timeout", "request_timeout"):
        with pytest.raises(ValueError, match=key):
            settings(**{key: dt.timedelta(0)})
    for key in ("retry_timeout", "request_min_throughput"):
        settings(**{key: 0})
        with pytest.raises(ValueError, match=f'"{key}" must be >= 0, not -1'):
            settings(**{key: -1})


def test_S10_default_ports():
    for protocol, port in (("tcp", 9009), ("tcps", 9009), ("http", 9000), ("https", 9000)):
        assert repr(Sender.from_conf(f"{protocol}::addr=localhost;")).endswith(f"localhost:{port}>")


def test_S11_bind_interface():
    Sender("tcp", "localhost", 9009, bind_interface="127.0.0.1")
    for protocol in ("http", "https"):
        with pytest.raises(IngressError, match="bind_interface") as raised:
            Sender(protocol, "localhost", 9009, bind_interface="127.0.0.1")
        assert raised.value.code is CODE.ConfigError


KEY = {
    "token": "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48",
    "token_x": "fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU",
    "token_y": "Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac",
}


def test_S12_half_of_the_credentials():
    for protocol, given, missing in (
        ("http", {"username": "u"}, "password"),
        ("http", {"password": "p"}, "username"),
        ("tcp", {"username": "u"}, "token"),
        ("tcp", {"username": "u", "token": KEY["token"]}, "token_x"),
        ("tcp", {"username": "u", "token": KEY["token"], "token_x": KEY["token_x"]}, "token_y"),
        ("tcp", {**KEY}, "username"),
    ):
        with pytest.raises(IngressError, match=missing) as raised:
            Sender(protocol, "localhost", 1, **given)
        assert raised.value.code is CODE.ConfigError


def test_S12_credentials(start_receiver):
    receiver = start_receiver("--user", "admin", "quest")
    from questdb.ingress import ServerTimestamp

    with Sender("http", "127.0.0.1", receiver.http_port, username="admin", password="quest") as sender:
        sender.row("t", columns={"a": 1}, at=ServerTimestamp)
    assert len(receiver.rows("t")) == 1
    with pytest.raises(IngressError) as raised:
        with Sender("http", "127.0.0.1", receiver.http_port, username="admin", password="wrong-secret") as sender:
            sender.row("t", columns={"a": 1}, at=ServerTimestamp)
    assert raised.value.code is CODE.AuthError and "wrong-secret" not in str(raised.value)
    receiver = start_receiver("--token", "bearer-secret")
    with Sender("http", "127.0.0.1", receiver.http_port, token="bearer-secret") as sender:
        sender.row("t", columns={"a": 1}, at=ServerTimestamp)
    assert len(receiver.rows("t")) == 1
    receiver = start_receiver("--ecdsa", "admin", KEY["token_x"], KEY["token_y"])
    with Sender("tcp", "127.0.0.1", receiver.tcp_port, username="admin", **KEY) as sender:
        sender.row("t", columns={"a": 1}, at=ServerTimestamp)
    assert len(receiver.rows("t")) == 1


def test_S14_authorities():
    for protocol in ("https", "tcps"):
        for ca in TlsCa:
            if ca is not TlsCa.PemFile:
                Sender(protocol, "localhost", 1, tls_ca=ca)
        with pytest.raises(IngressError, match="tls_roots"):
            Sender(protocol, "localhost", 1, tls_ca="pem_file")
        with pytest.raises(IngressError, match="none.pem"):
            Sender(protocol, "localhost", 1, tls_roots="/none.pem")


def test_S15_tls_verify():
    Sender("https", "localhost", 1, tls_verify="on")
    try:
        Sender("https", "localhost", 1, tls_verify=False)
    except (IngressError, ValueError) as e:
        assert "tls_verify" in str(e) and "insecure-skip-verify" in str(e)


def test_S16_auto_flush_off_wins():
    sender = settings(auto_flush="off", auto_flush_rows=5, auto_flush_bytes=5, auto_flush_interval=5)
    assert sender.auto_flush is False
    assert (sender.auto_flush_rows, sender.auto_flush_bytes, sender.auto_flush_interval) == (None, None, None)


def test_S17_auto_flush_defaults():
    for protocol, rows in (("http", 75000), ("https", 75000), ("tcp", 600), ("tcps", 600)):
        sender = Sender(protocol, "localhost", 1)
        assert sender.auto_flush is True
        assert (sender.auto_flush_rows, sender.auto_flush_bytes) == (rows, None)
        assert sender.auto_flush_interval == dt.timedelta(seconds=1)
    for off in (False, "off"):
        for key in ("auto_flush_rows", "auto_flush_bytes", "auto_flush_interval"):
            assert getattr(settings(**{key: off}), key) is None
    assert settings(auto_flush_rows=True).auto_flush_rows == 75000


def test_S18_properties(receiver):
    sender = Sender.from_conf(receiver.http, init_buf_size=1000, max_name_len=50)
    names = ("auto_flush", "auto_flush_rows", "auto_flush_bytes", "auto_flush_interval", "init_buf_size", "max_name_len")
    before = [getattr(sender, name) for name in names]
    assert before == [True, 75000, None, dt.timedelta(seconds=1), 1000, 50]
    for name in (*names, "protocol_version"):
        with pytest.raises(AttributeError):
            setattr(sender, name, 1)
    with sender:
        assert [getattr(sender, name) for name in names] == before
        assert sender.protocol_version == 3 or sender.protocol_version == 2
    assert [getattr(sender, name) for name in names] == before


def test_S19_sizes():
    sender = settings()
    assert (sender.init_buf_size, sender.max_name_len) == (65536, 127)
    small = settings(max_buf_size=100, auto_flush=False)
    from questdb.ingress import ServerTimestamp

    with pytest.raises(IngressError, match="100"):
        for _ in range(100):
            small.row("t", columns={"a": 1}, at=ServerTimestamp)


def test_S21_nothing_connects():
    port = closed_port()
    for protocol in ("http", "tcp"):
        sender = Sender(protocol, "127.0.0.1", port, retry_timeout=0) if protocol == "http" else Sender(protocol, "127.0.0.1", port)
        with pytest.raises(IngressError) as raised:
            sender.establish()
        assert raised.value.code is CODE.SocketError


SECRETS = {"password": "pass-secret", "token": "token-secret", "token_x": "x-secret", "token_y": "y-secret"}


def test_S22_secrets_are_not_shown():
    seen = []
    for protocol in ("http", "https", "tcp"):
        for size in range(1, 5):
            for keys in itertools.combinations(SECRETS, size):
                try:
                    sender = Sender(protocol, "localhost", 1, username="u", **{key: SECRETS[key] for key in keys})
                    seen.append(repr(sender) + str(sender) + str(sender.stats()))
                except (IngressError, ValueError) as e:
                    seen.append(repr(e) + str(e) + str(e.__dict__))
    for conf in ("http::addr=x;username=u;password=pass-secret;port=1;", "http::addr=x;password=a;pass-secret;b;", "pass-secret"):
        with pytest.raises(IngressError) as raised:
            Sender.from_conf(conf)
        seen.append(repr(raised.value))
    assert "pass-secret" not in "".join(seen[:-1])
    assert "-secret" not in "".join(seen[:-1])


def test_E9_token_with_its_own_name():
    with pytest.raises(IngressError, match="token_x"):
        Sender("tcp", "localhost", 1, username="u", token=KEY["token"], token_x="token_x=" + KEY["token_x"], token_y=KEY["token_y"])
    assert len(base64.urlsafe_b64decode(KEY["token_x"] + "=")) == 32


def test_N1_protocol_version(receiver):
    for version in (1, 2, 3, "1", "2", "3"):
        sender = Sender("http", "127.0.0.1", receiver.http_port, protocol_version=version)
        assert sender.protocol_version == int(version)
        assert sender.new_buffer().protocol_version == int(version)
        assert Sender.from_conf(f"{receiver.http}protocol_version={version};").protocol_version == int(version)
    assert Sender("tcp", "localhost", 1).protocol_version == 1
    with Sender("http", "127.0.0.1", receiver.http_port, protocol_version="auto") as sender:
        assert sender.protocol_version in (2, 3)
    for version in (0, 4, "x"):
        with pytest.raises(ValueError, match="protocol_version"):
            Sender("http", "localhost", 1, protocol_version=version)
