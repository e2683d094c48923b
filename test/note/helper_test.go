//go:build vm

package note

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// debug collects a router's debug lines until stop.
func debug(t *testing.T, r *routers.Router, what string) (lines func() []string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var all []string
	must(t, r.Follow(ctx, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, line)
	}, "debug", "crypto", what))
	time.Sleep(500 * time.Millisecond) // the subscription stands
	return func() []string {
			mu.Lock()
			defer mu.Unlock()
			return append([]string(nil), all...)
		}, func() {
			time.Sleep(500 * time.Millisecond) // the last lines arrive
			cancel()
		}
}
