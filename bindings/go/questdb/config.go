package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"runtime"
)

// Config holds the options of senders; what they mean stands in doc/options.md. One goroutine may use it at a time.
type Config struct {
	guard
	handle *C.questdb_config
	owned  *owned
}

// Protocol is how to talk to the server.
type Protocol string

// The protocols.
const (
	HTTP  Protocol = "http"
	HTTPS Protocol = "https"
	TCP   Protocol = "tcp"
	TCPS  Protocol = "tcps"
)

// NewConfig makes a configuration for a server: "host", "host:port" or several of them, separated by commas, of which one at
// a time is used.
func NewConfig(protocol Protocol, addr string, options ...Option) (*Config, error) {
	c, err := madeConfig(func(out **C.questdb_config) *C.questdb_error { return C.questdb_config_new(out) })
	if err != nil {
		return nil, err
	}
	all := append([]Option{WithOption("protocol", string(protocol)), WithOption("addr", addr)}, options...)
	if err := c.Apply(all...); err != nil {
		c.Free()
		return nil, err
	}
	return c, nil
}

// ParseConfig makes a configuration from a string such as "http::addr=localhost:9000;".
func ParseConfig(conf string) (*Config, error) {
	data, size := text(conf)
	return madeConfig(func(out **C.questdb_config) *C.questdb_error { return C.questdb_config_from_conf(data, size, out) })
}

// ConfigFromEnv makes a configuration from the string in the environment variable QDB_CLIENT_CONF.
func ConfigFromEnv() (*Config, error) {
	return madeConfig(func(out **C.questdb_config) *C.questdb_error { return C.questdb_config_from_env(out) })
}

func madeConfig(makes func(**C.questdb_config) *C.questdb_error) (*Config, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var handle *C.questdb_config
	if err := taken(makes(&handle)); err != nil {
		return nil, err
	}
	return ownConfig(handle), nil
}

func ownConfig(handle *C.questdb_config) *Config {
	c := &Config{handle: handle, owned: &owned{func() { C.questdb_config_free(handle) }}}
	runtime.SetFinalizer(c.owned, func(o *owned) { o.free() })
	c.ready(func() {
		runtime.SetFinalizer(c.owned, nil)
		C.questdb_config_free(c.handle)
		c.handle = nil
	})
	return c
}

func (c *Config) do(call func() *C.questdb_error) error {
	if c == nil {
		return problem(InvalidArgument, "the configuration is nil")
	}
	if !c.enter() {
		return c.refusal("the configuration")
	}
	defer c.leave()
	return taken(call())
}

// Set sets one option, replacing an earlier value. Keys and values are those of the string, and "protocol".
func (c *Config) Set(key, value string) error {
	data, size := text(key)
	valueData, valueSize := text(value)
	return c.do(func() *C.questdb_error { return C.questdb_config_set(c.handle, data, size, valueData, valueSize) })
}

// Apply sets options, up to the first that cannot be set.
func (c *Config) Apply(options ...Option) error {
	for _, o := range options {
		for _, pair := range o.pairs {
			if err := c.Set(pair[0], pair[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Validate checks that all options together make sense; opening a sender does the same.
func (c *Config) Validate() error {
	return c.do(func() *C.questdb_error { return C.questdb_config_validate(c.handle) })
}

// Clone makes an independent copy.
func (c *Config) Clone() (*Config, error) {
	var handle *C.questdb_config
	if err := c.do(func() *C.questdb_error { return C.questdb_config_clone(c.handle, &handle) }); err != nil {
		return nil, err
	}
	return ownConfig(handle), nil
}

// Open makes a sender.
func (c *Config) Open() (*Sender, error) {
	var sender *Sender
	var failed error
	err := c.do(func() *C.questdb_error {
		sender, failed = made(func(out **C.questdb_sender) *C.questdb_error { return C.questdb_sender_new(c.handle, out) })
		return nil
	})
	if err == nil {
		err = failed
	}
	return sender, err
}

// OpenContext is Open; the connecting ends with ctx. It connects also where WithLazyConnect puts that off.
func (c *Config) OpenContext(ctx context.Context) (*Sender, error) {
	if !watched(ctx) {
		return c.Open()
	}
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	// A sender that connects while it is created could not be cancelled.
	lazy, err := c.Clone()
	if err != nil {
		return nil, err
	}
	defer lazy.Free()
	if err := lazy.Apply(WithLazyConnect(true)); err != nil {
		return nil, err
	}
	sender, err := lazy.Open()
	if err != nil {
		return nil, err
	}
	if err := sender.ConnectContext(ctx); err != nil {
		_, _ = sender.Close(0)
		return nil, err
	}
	return sender, nil
}

// Free gives the memory back; a call that is running in another goroutine ends first.
func (c *Config) Free() {
	if c != nil {
		c.end()
	}
}
