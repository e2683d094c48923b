//go:build vm

package note

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// debug follows a router's debug lines from now on; debugged waits for one with a text.
func debug(t *testing.T, r *routers.Router, what string) (debugged func(text string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var mu sync.Mutex
	var all strings.Builder
	must(t, r.Follow(ctx, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		all.WriteString(line + "\n")
	}, "debug", "crypto", what))
	return func(text string) {
		t.Helper()
		eventually(t, patience, r.Name+"'s debug has "+text, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Contains(all.String(), text)
		})
	}
}
