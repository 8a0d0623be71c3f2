// A service: workers that send rows until SIGTERM or SIGINT, and an end that takes less than a second, also when the server
// is down. The argument is the connection string.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

// grace is how long a sender may go on when the service ends.
const grace = 300 * time.Millisecond

func main() {
	conf := "http::addr=localhost:9000;"
	if len(os.Args) > 1 {
		conf = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, conf, 8); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, conf string, workers int) error {
	config, err := questdb.ParseConfig(conf)
	if err != nil {
		return err
	}
	defer config.Free()
	// The service starts also while the server is down.
	if err := config.Apply(questdb.WithLazyConnect(true)); err != nil {
		return err
	}
	var group sync.WaitGroup
	for number := 0; number < workers; number++ {
		sender, err := config.Open()
		if err != nil {
			return err
		}
		group.Add(2)
		go func(number int) {
			defer group.Done()
			work(ctx, sender, number)
		}(number)
		// Close may be called while the worker is inside a flush: it waits, then cancels.
		go func(number int) {
			defer group.Done()
			<-ctx.Done()
			report, err := sender.Close(grace)
			fmt.Printf("worker %d: %d rows unconfirmed, %v\n", number, report.Unconfirmed, err)
		}(number)
	}
	fmt.Println("running")
	group.Wait()
	return nil
}

// work sends rows until the sender is closed. An error of a flush is told once, and the rows stay.
func work(ctx context.Context, sender *questdb.Sender, number int) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		err := sender.Row("heartbeats").Int64("worker", int64(number)).At(time.Now())
		var e *questdb.Error
		if errors.As(err, &e) && !e.RowAccepted && e.Code == questdb.InvalidState {
			return // it was closed
		}
		if err != nil {
			fmt.Printf("worker %d: %v\n", number, err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
