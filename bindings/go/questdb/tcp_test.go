package questdb

import (
	"net"
	"strings"
	"testing"
	"time"
)

// breaking accepts one connection, reads a row and breaks it; then broken is closed.
func breaking(t *testing.T, text string) (addr string, broken chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	broken = make(chan struct{})
	go func() {
		defer close(broken)
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var read []byte
		for buffer := make([]byte, 4096); !strings.HasSuffix(string(read), "\n"); {
			n, err := c.Read(buffer)
			if err != nil {
				return
			}
			read = append(read, buffer[:n]...)
		}
		if text == "" {
			_ = c.(*net.TCPConn).SetLinger(0) // so that closing resets the connection
		} else {
			_, _ = c.Write([]byte(text))
		}
	}()
	return l.Addr().String(), broken
}

// Over TCP an error tells how many rows of earlier flushes it puts in doubt.
func TestEarlierRowsInDoubt(t *testing.T) {
	for name, text := range map[string]string{"reset": "", "text": "bad row\n"} {
		for _, by := range []string{"flush", "close"} {
			t.Run(name+" "+by, func(t *testing.T) {
				addr, broken := breaking(t, text)
				s, err := Open("tcp::addr=" + addr + ";protocol_version=2;auto_flush=off;")
				must(t, err)
				for i := int64(0); i < 3; i++ {
					must(t, s.Row("t").oneInt(i))
				}
				must(t, s.Flush())
				<-broken
				if by == "flush" {
					must(t, s.Row("t").oneInt(3))
					for err == nil { // the end of the connection may still be on its way
						err = s.Flush()
						if err == nil {
							time.Sleep(time.Millisecond)
							must(t, s.Row("t").oneInt(3))
						}
					}
					e := err.(*Error)
					if e.EarlierRowsInDoubt < 3 || !strings.Contains(e.Error(), "earlier rows in doubt") {
						t.Errorf("%#v", e)
					}
					_, _ = s.Close(time.Second)
					return
				}
				report, err := s.Close(5 * time.Second)
				if err == nil || report.Unconfirmed != 0 || report.EarlierRowsInDoubt != 3 {
					t.Errorf("%+v, %v", report, err)
				}
				if text != "" && !strings.Contains(err.Error(), "bad row") {
					t.Error(err)
				}
			})
		}
	}
}
