package questdb

import (
	"strconv"
	"time"
)

// Option is one or several options of a configuration, made by a function whose name begins with With. Values are checked
// when they are set; doc/options.md lists them all.
type Option struct{ pairs [][2]string }

// TLSAuthorities are the certificate authorities to trust.
type TLSAuthorities string

// The authorities; those of a file are set by WithTLSRoots.
const (
	WebPKIRoots      TLSAuthorities = "webpki_roots"
	OSRoots          TLSAuthorities = "os_roots"
	WebPKIAndOSRoots TLSAuthorities = "webpki_and_os_roots"
)

// Delivery is what to do about an attempt whose fate is unknown.
type Delivery string

// The ways of delivery: repeat it, which may store rows twice in a table without deduplication, or do not.
const (
	AtLeastOnce Delivery = "at_least_once"
	AtMostOnce  Delivery = "at_most_once"
)

// WithOption sets an option by its key, also one that this package does not know.
func WithOption(key, value string) Option { return Option{[][2]string{{key, value}}} }

// WithBasicAuth logs in over HTTP.
func WithBasicAuth(username, password string) Option {
	return Option{[][2]string{{"username", username}, {"password", password}}}
}

// WithTCPAuth logs in over TCP by a key: its id, the private key and the coordinates of the public key, in base64url.
func WithTCPAuth(keyID, token, x, y string) Option {
	return Option{[][2]string{{"username", keyID}, {"token", token}, {"token_x", x}, {"token_y", y}}}
}

// WithTLSClientCert shows the server a certificate: PEM files with the chain and its key.
func WithTLSClientCert(certPath, keyPath string) Option {
	return Option{[][2]string{{"tls_cert", certPath}, {"tls_key", keyPath}}}
}

// WithTLSVerify false accepts any certificate from anyone; only libraries that were built for it take that.
func WithTLSVerify(verify bool) Option {
	if verify {
		return WithOption("tls_verify", "on")
	}
	return WithOption("tls_verify", "unsafe_off")
}

// WithProtocolVersion sets the version of the line protocol; 0 asks the server.
func WithProtocolVersion(version int) Option {
	if version == 0 {
		return WithOption("protocol_version", "auto")
	}
	return WithOption("protocol_version", strconv.Itoa(version))
}

// WithBindInterface connects from an interface: its name or one of its addresses.
func WithBindInterface(address string) Option { return WithOption("bind_interface", address) }

// WithToken logs in over HTTP by a bearer token.
func WithToken(token string) Option { return WithOption("token", token) }

// WithAuthTimeout limits the login over TCP.
func WithAuthTimeout(d time.Duration) Option { return WithOption("auth_timeout", inMillis(d)) }

// WithTLSAuthorities trusts these certificate authorities.
func WithTLSAuthorities(which TLSAuthorities) Option { return WithOption("tls_ca", string(which)) }

// WithTLSRoots trusts the certificate authorities of a PEM file.
func WithTLSRoots(path string) Option { return WithOption("tls_roots", path) }

// WithAutoFlush turns all limits of auto-flush off, or on again.
func WithAutoFlush(on bool) Option { return WithOption("auto_flush", onOff(on)) }

// WithAutoFlushRows flushes when so many rows wait; 0 is off.
func WithAutoFlushRows(rows int64) Option { return WithOption("auto_flush_rows", orOff(rows)) }

// WithAutoFlushBytes flushes when so many bytes wait; 0 is off.
func WithAutoFlushBytes(bytes int64) Option { return WithOption("auto_flush_bytes", orOff(bytes)) }

// WithAutoFlushInterval flushes when the last flush is that long ago; 0 is off.
func WithAutoFlushInterval(d time.Duration) Option {
	return WithOption("auto_flush_interval", inMillisOrOff(d))
}

// WithAutoFlushTimer sends the rows of a quiet sender of a pool when the interval has passed. Only a pool takes it.
func WithAutoFlushTimer(on bool) Option { return WithOption("auto_flush_timer", onOff(on)) }

// WithAutoFlushMaxBackoff limits the wait before the next automatic flush after one that failed.
func WithAutoFlushMaxBackoff(d time.Duration) Option {
	return WithOption("auto_flush_max_backoff", inMillis(d))
}

// WithInitBufSize sets the memory that a buffer begins with.
func WithInitBufSize(bytes int64) Option { return WithOption("init_buf_size", number(bytes)) }

// WithMaxBufSize sets the most that a buffer may hold.
func WithMaxBufSize(bytes int64) Option { return WithOption("max_buf_size", number(bytes)) }

// WithMaxNameLen sets the longest table or column name.
func WithMaxNameLen(bytes int64) Option { return WithOption("max_name_len", number(bytes)) }

// WithLazyConnect connects with the first flush, so that a sender can be made while the server is down.
func WithLazyConnect(on bool) Option { return WithOption("lazy_connect", onOff(on)) }

// WithConnectTimeout limits connecting to one address.
func WithConnectTimeout(d time.Duration) Option { return WithOption("connect_timeout", inMillis(d)) }

// WithSendTimeout limits one flush over TCP.
func WithSendTimeout(d time.Duration) Option { return WithOption("send_timeout", inMillis(d)) }

// WithRequestTimeout limits one attempt over HTTP, before the time that its size adds.
func WithRequestTimeout(d time.Duration) Option { return WithOption("request_timeout", inMillis(d)) }

// WithRequestMinThroughput sets the slowest upload to put up with.
func WithRequestMinThroughput(bytesPerSecond int64) Option {
	return WithOption("request_min_throughput", number(bytesPerSecond))
}

// WithRetryTimeout limits how long a flush over HTTP goes on after it failed; 0 means one request.
func WithRetryTimeout(d time.Duration) Option { return WithOption("retry_timeout", inMillis(d)) }

// WithRetryMaxBackoff limits the wait between two attempts.
func WithRetryMaxBackoff(d time.Duration) Option { return WithOption("retry_max_backoff", inMillis(d)) }

// WithDelivery sets what to do about an attempt whose fate is unknown.
func WithDelivery(which Delivery) Option { return WithOption("delivery", string(which)) }

// WithUserAgent adds a text to the User-Agent header.
func WithUserAgent(text string) Option { return WithOption("user_agent", text) }

// WithSenderPoolMin sets how many connections of a pool stay open however long they are idle.
func WithSenderPoolMin(connections int64) Option {
	return WithOption("sender_pool_min", number(connections))
}

// WithSenderPoolMax sets how many connections a pool has at most.
func WithSenderPoolMax(connections int64) Option {
	return WithOption("sender_pool_max", number(connections))
}

// WithAcquireTimeout limits how long a submit to a pool waits while its queue is full; 0 does not wait.
func WithAcquireTimeout(d time.Duration) Option { return WithOption("acquire_timeout_ms", inMillis(d)) }

// WithIdleTimeout sets how long a connection of a pool may be idle until it ends.
func WithIdleTimeout(d time.Duration) Option { return WithOption("idle_timeout_ms", inMillis(d)) }

// WithQueueMaxBytes sets how many bytes of rows a pool holds at most.
func WithQueueMaxBytes(bytes int64) Option { return WithOption("queue_max_bytes", number(bytes)) }

// WithTCPUserTimeout limits how long a peer may leave sent bytes unacknowledged; 0 is off.
func WithTCPUserTimeout(d time.Duration) Option {
	return WithOption("tcp_user_timeout", inMillisOrOff(d))
}

// WithKeepAlive asks a silent peer for a sign of life: after idle (0 is off), then every interval, and gives it up after
// count questions.
func WithKeepAlive(idle, interval time.Duration, count int64) Option {
	return Option{[][2]string{{"keepalive_idle", inMillisOrOff(idle)}, {"keepalive_interval", inMillis(interval)},
		{"keepalive_count", number(count)}}}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func orOff(n int64) string {
	if n == 0 {
		return "off"
	}
	return number(n)
}

// inMillis rounds up; what is negative is refused when it is set.
func inMillis(d time.Duration) string {
	if d < 0 {
		return d.String()
	}
	return strconv.FormatUint(millis(d), 10)
}

func inMillisOrOff(d time.Duration) string {
	if d == 0 {
		return "off"
	}
	return inMillis(d)
}
