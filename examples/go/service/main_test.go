package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The test program is the service when it is told so.
func TestMain(m *testing.M) {
	if conf := os.Getenv("SERVICE_CONF"); conf != "" {
		os.Args = []string{os.Args[0], conf}
		main()
		return
	}
	os.Exit(m.Run())
}

// SIGTERM ends the service within a second, 5 times out of 5, whatever the server does.
func TestSIGTERMWithTheServerDown(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	stalled, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	arrived := make(chan struct{}, 1000)
	go func() {
		for {
			c, err := stalled.Accept()
			if err != nil {
				return
			}
			go func() { // reads and never answers
				defer c.Close()
				for buffer := make([]byte, 4096); ; {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					select {
					case arrived <- struct{}{}:
					default:
					}
				}
			}()
		}
	}()
	const options = "protocol_version=2;auto_flush_rows=1;retry_timeout=120000;request_timeout=120000;"
	for name, addr := range map[string]net.Addr{"dead": dead.Addr(), "stalled": stalled.Addr()} {
		for run := 1; run <= 5; run++ {
			t.Run(fmt.Sprintf("%s %d", name, run), func(t *testing.T) {
				for len(arrived) > 0 { // of the run before
					<-arrived
				}
				service := exec.Command(os.Args[0])
				// The race detector would sleep for a second when the program ends.
				service.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", fmt.Sprintf("SERVICE_CONF=http::addr=%s;%s", addr, options))
				var output bytes.Buffer
				service.Stderr = os.Stderr
				stdout, err := service.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := service.Start(); err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewReader(stdout)
				if line, err := lines.ReadString('\n'); line != "running\n" {
					t.Fatal(line, err)
				}
				if name == "stalled" {
					<-arrived // a worker is inside a flush
				} else {
					time.Sleep(50 * time.Millisecond) // some are, sooner or later
				}
				late := lateness()
				began := time.Now()
				_ = service.Process.Signal(syscall.SIGTERM)
				_, _ = output.ReadFrom(lines)
				err = service.Wait()
				took, worst := time.Since(began), late()
				t.Logf("%v; this machine woke goroutines up to %v late", took, worst)
				if err != nil || took > time.Second+10*worst {
					t.Errorf("%v, %v\n%s", took, err, output.String())
				}
				if bytes.Count(output.Bytes(), []byte("unconfirmed")) != 8 {
					t.Error(output.String())
				}
			})
		}
	}
}

// lateness measures how late the machine wakes a goroutine, until the returned function is called.
func lateness() func() time.Duration {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			began := time.Now()
			select {
			case <-stop:
				worst <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
			if late := time.Since(began) - 5*time.Millisecond; late > most {
				most = late
			}
		}
	}()
	return func() time.Duration { close(stop); return <-worst }
}
