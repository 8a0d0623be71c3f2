package questdb

import (
	"context"
	"fmt"
	"math/rand"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// everyCall makes every exported method of the objects callable, with arguments that fit its types.
type everyCall struct {
	objects []any
	ctx     context.Context
	buffer  *Buffer
	layout  *Layout
}

func (c *everyCall) each(visit func(name string, call func() []reflect.Value)) {
	for _, object := range c.objects {
		value := reflect.ValueOf(object)
		for i := 0; i < value.NumMethod(); i++ {
			method := value.Method(i)
			name := fmt.Sprintf("%T.%s", object, value.Type().Method(i).Name)
			visit(name, func() []reflect.Value {
				kind := method.Type()
				in := make([]reflect.Value, kind.NumIn())
				for j := range in {
					in[j] = c.argument(kind.In(j))
				}
				if kind.IsVariadic() {
					return method.CallSlice(in)
				}
				return method.Call(in)
			})
		}
	}
}

func (c *everyCall) argument(kind reflect.Type) reflect.Value {
	switch {
	case kind == reflect.TypeOf((*context.Context)(nil)).Elem():
		if c.ctx == nil {
			return reflect.Zero(kind)
		}
		return reflect.ValueOf(c.ctx)
	case kind == reflect.TypeOf(c.buffer):
		return reflect.ValueOf(c.buffer)
	case kind == reflect.TypeOf(c.layout):
		return reflect.ValueOf(c.layout)
	case kind == reflect.TypeOf(time.Time{}):
		return reflect.ValueOf(time.Unix(1, 0))
	case kind.Kind() == reflect.String:
		return reflect.ValueOf("t").Convert(kind)
	case kind == reflect.TypeOf([]float64{}):
		return reflect.ValueOf([]float64{1})
	case kind.Kind() == reflect.Int64 || kind.Kind() == reflect.Uint32 || kind.Kind() == reflect.Uint64:
		return reflect.ValueOf(1).Convert(kind)
	default:
		return reflect.Zero(kind)
	}
}

// lastError is the error of a call, also that of a Row it returned.
func lastError(results []reflect.Value) (error, bool) {
	if len(results) == 0 {
		return nil, false
	}
	switch result := results[len(results)-1].Interface().(type) {
	case *Error: // what LastError remembers
		return nil, false
	case error:
		return result, true
	case *Row:
		return result.Err(), true
	}
	return nil, results[len(results)-1].Type().Name() == "error"
}

// answersWhenClosed names the calls that are fine on what is closed or freed.
var answersWhenClosed = map[string]bool{
	"*questdb.Sender.Close": true, "*questdb.Sender.CloseContext": true, "*questdb.Sender.Err": true,
	"*questdb.Sender.LastError": true, "*questdb.Row.Err": true, "*questdb.Sender.Buffer": true,
	"*questdb.Row.Drop": true, "*questdb.Config.Apply": true, // Apply was given no options
}

func objects(t testing.TB, server *server) *everyCall {
	s := server.open(t, 2, "auto_flush_rows=3;request_timeout=1000;")
	b, err := s.NewBuffer()
	must(t, err)
	l, err := NewLayout("t", StampNanos)
	must(t, err)
	must(t, l.Add("i", Int64))
	config, err := ParseConfig("http::addr=" + server.addr() + ";protocol_version=2;")
	must(t, err)
	return &everyCall{[]any{s, s.Buffer(), b, s.Row("t"), b.Row("t"), l, config}, context.Background(), b, l}
}

func TestEveryCallAfterCloseIsAnError(t *testing.T) {
	server := serve(t)
	c := objects(t, server)
	_, _ = c.objects[0].(*Sender).Close(time.Second)
	for _, object := range c.objects {
		if freed, ok := object.(interface{ Free() }); ok {
			freed.Free()
		}
	}
	count := 0
	c.each(func(name string, call func() []reflect.Value) {
		count++
		err, can := lastError(call())
		if can && !answersWhenClosed[name] {
			mustCode(t, err, InvalidState)
		}
	})
	if count < 100 {
		t.Error(count, "calls")
	}
}

func TestEveryCallOnNilAndZeroIsAnError(t *testing.T) {
	for _, given := range []*everyCall{
		{objects: []any{(*Sender)(nil), (*Buffer)(nil), (*Row)(nil), (*Layout)(nil), (*Config)(nil)}, ctx: context.Background()},
		{objects: []any{&Sender{}, &Buffer{}, &Row{}, &Layout{}, &Config{}}, ctx: context.Background()},
		{objects: []any{&Sender{}, &Buffer{}, &Row{}, &Layout{}, &Config{}}}, // and without a context
	} {
		given.each(func(name string, call func() []reflect.Value) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s: %v", name, p)
				}
			}()
			err, can := lastError(call())
			if name == "*questdb.Sender.LastError" || name == "*questdb.Sender.Buffer" || name == "*questdb.Row.Err" || !can {
				return
			}
			if err == nil && name != "*questdb.Config.Apply" {
				t.Errorf("%s: no error", name)
			}
		})
	}
}

// Goroutines call everything there is on the same objects while others close and free them, again and again. It must not
// crash, and every error must be one that says what is wrong. `go test -race` looks for races of the package meanwhile.
func TestAnyCallFromManyGoroutinesAtOnce(t *testing.T) {
	server := serve(t)
	rounds, codes, calls := 30, sync.Map{}, atomic.Int64{}
	if testing.Short() {
		rounds = 5
	}
	for round := 0; round < rounds; round++ {
		c := objects(t, server)
		server.set(0, round%2 == 1) // in every other round calls stay inside C until somebody ends them
		var all []func() []reflect.Value
		c.each(func(name string, call func() []reflect.Value) { all = append(all, call) })
		var group sync.WaitGroup
		for g := 0; g < 8; g++ {
			group.Add(1)
			random := rand.New(rand.NewSource(int64(round*100 + g)))
			go func() {
				defer group.Done()
				for i := 0; i < 300; i++ {
					results := all[random.Intn(len(all))]()
					if err, _ := lastError(results); err != nil {
						codes.Store(err.(*Error).Code, err)
					}
					for _, result := range results {
						switch made := result.Interface().(type) {
						case *Sender:
							_, _ = made.Close(0)
						case *Config:
							made.Free()
						}
					}
					calls.Add(1)
				}
			}()
		}
		group.Wait()
		_, _ = c.objects[0].(*Sender).Close(0)
		server.set(0, false)
	}
	codes.Range(func(code, err any) bool {
		if code == Internal || code == HandlePoisoned {
			t.Error(err)
		}
		return true
	})
	t.Log(calls.Load(), "calls")
}

// Two goroutines build rows on one sender: each row is stored as it was built or is an error, and errors say why.
func TestTwoGoroutinesOnOneSender(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush=off;")
	var group sync.WaitGroup
	var stored, refused atomic.Int64
	for g := int64(0); g < 2; g++ {
		group.Add(1)
		go func(g int64) {
			defer group.Done()
			for i := int64(0); i < 20000; i++ {
				if err := s.Row("t").Int64("a", g).Int64("b", g).AtNow(); err == nil {
					stored.Add(1)
				} else {
					refused.Add(1)
					if code := err.(*Error).Code; code != InvalidState {
						t.Error(err)
					}
				}
			}
		}(g)
	}
	group.Wait()
	_ = s.DropRow()
	must(t, s.Flush())
	closed(t, s)
	good, text := 0, server.stored()
	for _, line := range splitLines(text) {
		if line != "t a=0i,b=0i" && line != "t a=1i,b=1i" {
			t.Fatalf("a row that nobody built: %q", line)
		}
		good++
	}
	if int64(good) != stored.Load() || stored.Load()+refused.Load() != 40000 {
		t.Fatal(good, stored.Load(), refused.Load())
	}
	t.Log(stored.Load(), "rows stored,", refused.Load(), "refused")
}

// A call is inside C for as long as the server stalls: every other call is refused meanwhile, and says by whom.
func TestTheOtherGoroutineIsNamed(t *testing.T) {
	server := serve(t)
	c := objects(t, server)
	s := c.objects[0].(*Sender)
	must(t, s.Row("t").oneInt(1))
	server.set(0, true)
	flushed := make(chan error)
	go func() { flushed <- s.Flush() }()
	<-server.arrived
	for name, err := range map[string]error{"flush": s.Flush(), "row": s.Row("t").Err(), "clear": s.Clear(), "append": s.Append(c.layout, 1)} {
		if e := mustCode(t, err, InvalidState); e.Message != "the sender is used by another goroutine" {
			t.Error(name, e.Message)
		}
	}
	s.Cancel()
	mustCode(t, <-flushed, Cancelled)
	server.set(0, false)
	must(t, s.Flush()) // a cancel must end one call only
	closed(t, s)
}

// What was forgotten is freed by the garbage collector, and what is still in use is not.
func TestForgottenHandlesAreCollected(t *testing.T) {
	server := serve(t)
	freed := make(chan struct{}, 100)
	for i := 0; i < 20; i++ {
		c := objects(t, server)
		s := c.objects[0].(*Sender)
		free := s.owned.free
		s.owned.free = func() { free(); freed <- struct{}{} }
		ctx, cancel := context.WithCancel(context.Background())
		must(t, s.DropRow())
		must(t, s.FlushContext(ctx)) // from here on the sender has a timer
		cancel()
	}
	for left := 20; left > 0; {
		runtime.GC()
		select {
		case <-freed:
			left--
		case <-time.After(time.Millisecond):
		}
	}
}
