package questdb

import (
	"os"
	"regexp"
	"testing"
	"time"
)

// every is an option of each kind, with values that are allowed together or at least alone.
var every = []Option{
	WithBasicAuth("u", "p"), WithTCPAuth("id", "d", "x", "y"), WithTLSClientCert("cert.pem", "key.pem"), WithTLSVerify(true),
	WithProtocolVersion(0), WithProtocolVersion(2), WithBindInterface("127.0.0.1"), WithToken("t"), WithAuthTimeout(time.Second),
	WithTLSAuthorities(OSRoots), WithTLSRoots("roots.pem"), WithAutoFlush(true), WithAutoFlushRows(0), WithAutoFlushRows(10),
	WithAutoFlushBytes(100), WithAutoFlushInterval(0), WithAutoFlushInterval(time.Microsecond), WithAutoFlushMaxBackoff(time.Second),
	WithAutoFlushTimer(false),
	WithInitBufSize(2000), WithMaxBufSize(4000), WithMaxNameLen(30), WithLazyConnect(false), WithConnectTimeout(time.Second),
	WithSendTimeout(time.Second), WithRequestTimeout(1500 * time.Microsecond), WithRequestMinThroughput(0), WithRetryTimeout(0),
	WithRetryMaxBackoff(time.Second), WithDelivery(AtMostOnce), WithUserAgent("me"), WithTCPUserTimeout(time.Second),
	WithKeepAlive(time.Second, time.Second, 3),
	WithSenderPoolMin(2), WithSenderPoolMax(8), WithAcquireTimeout(0), WithIdleTimeout(time.Minute), WithQueueMaxBytes(4096),
}

func TestEveryOptionHasAFunction(t *testing.T) {
	text, err := os.ReadFile("../../../doc/options.md")
	must(t, err)
	known := map[string]bool{"protocol": true, "addr": true} // which NewConfig takes
	for _, o := range every {
		for _, pair := range o.pairs {
			known[pair[0]] = true
			c, err := NewConfig(TCPS, "localhost")
			must(t, err)
			must(t, c.Apply(WithOption(pair[0], pair[1])))
			c.Free()
		}
	}
	keys := regexp.MustCompile("(?m)^\\| \\[`([a-z_]+)`\\]").FindAllStringSubmatch(string(text), -1)
	if len(keys) < 30 {
		t.Fatal(keys)
	}
	for _, key := range keys {
		if !known[key[1]] {
			t.Errorf("the option %q has no function in options.go", key[1])
		}
	}
}

func TestConfigurations(t *testing.T) {
	server := serve(t)
	c, err := NewConfig(HTTP, server.addr(), WithProtocolVersion(1), WithAutoFlushRows(1))
	must(t, err)
	must(t, c.Validate())
	copied, err := c.Clone()
	must(t, err)
	must(t, copied.Set("protocol_version", "2"))
	for want, config := range map[int]*Config{1: c, 2: copied} {
		s, err := config.Open()
		must(t, err)
		if s.ProtocolVersion() != want || s.MaxNameLen() != 127 {
			t.Error(s.ProtocolVersion(), want)
		}
		must(t, s.Row("t").oneInt(1))
		if s.Pending() != 0 {
			t.Error("auto_flush_rows=1 is forgotten")
		}
		closed(t, s)
	}
	c.Free()
	c.Free()
	must(t, copied.Validate())
	for _, bad := range []Option{WithRequestTimeout(-1), WithMaxNameLen(-1), WithDelivery("twice"), WithOption("no_such", "1")} {
		mustCode(t, copied.Apply(bad), BadConfig)
	}
	_, err = NewConfig("gopher", "localhost")
	mustCode(t, err, BadConfig)
	_, err = ParseConfig("gopher::addr=localhost;")
	mustCode(t, err, BadConfig)
	c, err = ParseConfig("http::")
	must(t, err)
	mustCode(t, c.Validate(), BadConfig)
	t.Setenv("QDB_CLIENT_CONF", "http::adr=x;")
	_, err = ConfigFromEnv()
	mustCode(t, err, BadConfig)
	_, err = OpenEnv()
	mustCode(t, err, BadConfig)
	if Version() == "" {
		t.Error("no version")
	}
}
