//go:build vm

package interop

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// debug collects R1's debug lines until stop gives them.
func (b *stand) debug(what string) (stop func() []string) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var all []string
	must(b.t, b.R1.Follow(ctx, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, line)
	}, "debug", "crypto", what))
	time.Sleep(500 * time.Millisecond) // the subscription stands
	return func() []string {
		time.Sleep(300 * time.Millisecond) // the last lines arrive
		cancel()
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

// inOrder wants the texts in lines, one after the other.
func inOrder(t *testing.T, lines []string, texts ...string) {
	t.Helper()
	at := 0
	for _, text := range texts {
		i := slices.IndexFunc(lines[at:], func(l string) bool { return strings.Contains(l, text) })
		if i < 0 {
			t.Errorf("%q is not in the debug lines, behind what comes before it:\n%s", text, strings.Join(lines, "\n"))
			return
		}
		at += i + 1
	}
}
