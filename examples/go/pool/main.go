// Many producers, one pool: each goroutine hands its rows over and goes on, what became of them comes over channels, and batches
// that the server refused go to a file. It ends after so many batches of each producer, or in order on SIGTERM.
// go run ./pool "http::addr=localhost:9000;" 1000 refused.txt
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

func main() {
	conf, batches, path := "http::addr=localhost:9000;", 1000, "refused.txt"
	if len(os.Args) > 1 {
		conf = os.Args[1]
	}
	if len(os.Args) > 2 {
		batches, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) > 3 {
		path = os.Args[3]
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		defer file.Close()
		err = run(ctx, conf, batches, file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, conf string, batches int, refusedRows io.Writer) error {
	pool, err := questdb.OpenPool(conf)
	if err != nil {
		return err
	}
	completions := make(chan (<-chan questdb.Completion), 1000)
	var producers sync.WaitGroup
	for number := 0; number < 4; number++ {
		producers.Add(1)
		go func(number int) {
			defer producers.Done()
			if err := produce(ctx, pool, number, batches, completions); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}(number)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		read(completions, refusedRows)
	}()
	producers.Wait()
	close(completions)
	// Sends the rest; whatever it could not send is a completion.
	if _, err := pool.Close(10 * time.Second); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	<-ended
	return nil
}

// produce submits batches until it has done so many, or ctx ends. The context is not that of the batches: what was submitted is
// sent also when the program is about to end.
func produce(ctx context.Context, pool *questdb.Pool, number, batches int, completions chan<- (<-chan questdb.Completion)) error {
	buffer, err := pool.NewBuffer()
	if err != nil {
		return err
	}
	// The batches of one producer stay in their order.
	options := questdb.SubmitOptions{Ordered: true, OrderKey: uint64(number)}
	for batch := 0; batch < batches && ctx.Err() == nil; batch++ {
		for i := 0; i < 10; i++ {
			row := buffer.Row("events").Symbol("producer", strconv.Itoa(number))
			if err := row.Int64("value", int64(batch*10+i)).AtNow(); err != nil {
				return err
			}
		}
		// The buffer is empty afterwards and can be filled again.
		done, err := pool.Submit(context.Background(), buffer, options)
		if err != nil {
			return err
		}
		completions <- done
	}
	return nil
}

// read reads what became of all batches. Rows that were not sent could be submitted again; here they go to the file too.
func read(completions <-chan (<-chan questdb.Completion), refusedRows io.Writer) {
	var stored, refused, unsure uint64
	for channel := range completions {
		done := <-channel
		switch {
		case done.Err == nil:
			stored += done.Rows
			continue
		case done.Err.InDoubt:
			unsure += done.Rows
		default:
			refused += done.Rows
		}
		if _, err := refusedRows.Write(done.FailedRows.Bytes()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	fmt.Printf("%d rows stored, %d refused, %d in doubt\n", stored, refused, unsure)
}
