package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve answers with the status, and counts the lines that it has taken.
func serve(t *testing.T, status int) (conf string, lines func() int) {
	var mutex sync.Mutex
	taken := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mutex.Lock()
		taken += bytes.Count(body, []byte("\n"))
		mutex.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return "http::addr=" + strings.TrimPrefix(server.URL, "http://") + ";protocol_version=1;", func() int {
		mutex.Lock()
		defer mutex.Unlock()
		return taken
	}
}

func TestEverythingArrives(t *testing.T) {
	conf, lines := serve(t, http.StatusNoContent)
	var refused bytes.Buffer
	if err := run(context.Background(), conf, 3, &refused); err != nil || lines() != 120 || refused.Len() != 0 {
		t.Fatal(err, lines(), refused.String())
	}
}

func TestRefusedRowsGoToTheFile(t *testing.T) {
	conf, _ := serve(t, http.StatusBadRequest)
	var refused bytes.Buffer
	if err := run(context.Background(), conf, 2, &refused); err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(refused.String(), "\n"); rows != 80 {
		t.Fatal(rows, refused.String())
	}
}

// What was submitted before the end is sent.
func TestAnOrderlyEnd(t *testing.T) {
	conf, lines := serve(t, http.StatusNoContent)
	ctx, cancel := context.WithCancel(context.Background())
	var refused bytes.Buffer
	ended := make(chan error)
	go func() { ended <- run(ctx, conf, 1<<30, &refused) }()
	for lines() < 100 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil || refused.Len() != 0 || lines()%10 != 0 {
		t.Fatal(err, refused.String(), lines())
	}
}
