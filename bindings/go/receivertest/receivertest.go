// Package receivertest starts the program questdb-receiver, a server that takes rows as QuestDB does, for a test.
package receivertest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// Receiver is a receiver that runs until the test ends.
type Receiver struct {
	http, tcp string
	mu        sync.Mutex
	in        io.Writer
	out       *bufio.Reader
}

// Table is what a receiver has stored. Cells are nil for NULL, otherwise text.
type Table struct {
	Name    string      `json:"table"`
	Columns [][2]string `json:"columns"`
	Rows    [][]*string `json:"rows"`
}

// Start starts a receiver on free ports. The program is that of the environment variable QUESTDB_RECEIVER, or is found in
// the path; where there is none, the test fails. Options are those of the program, such as "--token", "secret".
func Start(t testing.TB, options ...string) *Receiver {
	t.Helper()
	name := os.Getenv("QUESTDB_RECEIVER")
	if name == "" {
		name = "questdb-receiver"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("the receiver is missing, name its program in QUESTDB_RECEIVER: %v", err)
	}
	command := exec.Command(program, append([]string{"--http", "0", "--tcp", "0", "--commands"}, options...)...)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // the program ends when its standard input does
		_ = command.Wait()
	})
	r := &Receiver{in: in, out: bufio.NewReader(out)}
	r.http, r.tcp = r.line(t), r.line(t)
	return r
}

// HTTPConf is the configuration string of a sender over HTTP.
func (r *Receiver) HTTPConf() string { return r.http }

// TCPConf is the configuration string of a sender over TCP.
func (r *Receiver) TCPConf() string { return r.tcp }

// HTTPAddr is the host and the port for HTTP.
func (r *Receiver) HTTPAddr() string { return addr(r.http) }

// TCPAddr is the host and the port for TCP.
func (r *Receiver) TCPAddr() string { return addr(r.tcp) }

func addr(conf string) string {
	_, rest, _ := strings.Cut(conf, "addr=")
	found, _, _ := strings.Cut(rest, ";")
	return found
}

// Tables returns what was stored.
func (r *Receiver) Tables(t testing.TB) map[string]Table {
	t.Helper()
	tables := make(map[string]Table)
	for _, line := range r.command(t, "tables") {
		var table Table
		if err := json.Unmarshal([]byte(line), &table); err != nil {
			t.Fatal(err)
		}
		tables[table.Name] = table
	}
	return tables
}

// Create makes a table; a column is "name:TYPE".
func (r *Receiver) Create(t testing.TB, table string, columns ...string) {
	t.Helper()
	r.command(t, "create "+table+" "+strings.Join(columns, " "))
}

// Clear forgets all tables.
func (r *Receiver) Clear(t testing.TB) {
	t.Helper()
	r.command(t, "clear")
}

func (r *Receiver) command(t testing.TB, command string) (lines []string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := fmt.Fprintln(r.in, command); err != nil {
		t.Fatal(err)
	}
	for {
		line := r.line(t)
		switch {
		case line == "":
			return lines
		case !strings.HasPrefix(line, "{"):
			t.Fatal(line)
		}
		lines = append(lines, line)
	}
}

func (r *Receiver) line(t testing.TB) string {
	t.Helper()
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}
