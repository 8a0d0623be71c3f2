package questdb

import "sync/atomic"

// guard keeps the handle of C behind it from being used twice at a time, and from being used after it was freed. Its zero
// value is that of a handle that was never made.
//
// It costs one atomic operation at the beginning of a call and one at its end, and holds for every order of calls and any
// number of goroutines: nothing that goes into C with the handle does so without it.
type guard struct {
	// Bit 0: a call is running. Bit 1: the handle may be used. The rest counts the calls.
	state atomic.Uint64
	// last is run once, when the handle was ended and no call is running any more: by end, or by the last call.
	last func()
}

const (
	busy     = 1
	usable   = 2
	nextCall = 4
)

// ready lets calls in.
func (g *guard) ready(last func()) {
	g.last = last
	g.state.Store(usable)
}

// enter begins a call; false: another is running, or the handle may not be used.
func (g *guard) enter() bool {
	old := g.state.Load()
	return old&(busy|usable) == usable && g.state.CompareAndSwap(old, old|busy)
}

// leave ends a call.
func (g *guard) leave() {
	if g.state.Add(nextCall-busy)&usable == 0 {
		g.last()
	}
}

// end lets no further call in, and tells whether it was the first to do so.
func (g *guard) end() bool {
	for {
		old := g.state.Load()
		if old&usable == 0 {
			return false
		}
		if g.state.CompareAndSwap(old, old&^usable) {
			if old&busy == 0 {
				g.last()
			}
			return true
		}
	}
}

// running tells which call is running; calls have different numbers.
func (g *guard) running() (call uint64, is bool) {
	state := g.state.Load()
	return state / nextCall, state&busy != 0
}

// refusal says why enter refused; what is "the sender" or the like.
func (g *guard) refusal(what string) *Error {
	if g.state.Load()&usable == 0 {
		return problem(InvalidState, what+" is closed")
	}
	return problem(InvalidState, what+" is used by another goroutine")
}

// owned frees a handle of C whose Go object was forgotten. It is an object of its own, so that what points to the Go object,
// such as a timer, does not keep it from being collected.
type owned struct{ free func() }
