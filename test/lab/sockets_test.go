//go:build netns

package lab

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/test/pairs"
	"github.com/obol-ike/obol/test/routers"
)

// count is how many pairs, 200 in make lab-sockets.
var count = flag.Int("pairs", 24, "generated pairs that daemons negotiate too")

// together is how many pairs negotiate at a time.
const together = 8

// The laboratory's verdict on generated pairs is that of two daemons on sockets, in
// both directions; so are the profiles and trustpoints of what comes up.
func TestVerdictsOfDaemons(t *testing.T) {
	bin, err := routers.Build("../..")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(bin)
	seeds := make(chan uint64)
	var mu sync.Mutex
	verdicts := map[string]int{}
	var all sync.WaitGroup
	for n := range together {
		stand, err := routers.NewNumbered(n+1, bin, "", "")
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for seed := range seeds {
				verdict, err := agree(stand, pairs.Any(seed))
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				mu.Lock()
				verdicts[verdict]++
				mu.Unlock()
			}
			if err := stand.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	began := time.Now()
	for seed := range uint64(*count) {
		seeds <- seed
	}
	close(seeds)
	all.Wait()
	t.Logf("%d pairs in %v: %v", *count, time.Since(began).Round(time.Second), verdicts)
	if len(verdicts) < 4 {
		t.Error("not every verdict among them")
	}
}

// agree compares both directions of a pair. The verdict is that of R1's, then of
// R2's.
func agree(stand *routers.Pair, p *pairs.Pair) (verdict string, err error) {
	setup, err := p.Setup()
	if err != nil {
		return "", err
	}
	var sources [2]lab.Source
	for i, r := range setup.Routers {
		sources[i] = lab.Source{File: r.Name + ".cfg", Text: []byte(r.Config)}
	}
	both := sources[0].Text
	both = append(append(both[:len(both):len(both)], '\n'), sources[1].Text...)
	prepared, err := lab.Prepare(sources[0], sources[1], time.Now())
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, both)
	}
	said, err := lab.Run(prepared, lab.Options{})
	if err != nil {
		return "", err
	}
	if err := stand.Load(setup); err != nil {
		return "", err
	}
	for _, d := range said.Directions {
		did, err := stand.Try(d.Initiator.Name, d.Tunnel)
		if err != nil {
			return "", err
		}
		if verdict != "" {
			verdict += ", "
		}
		verdict += string(d.Result)
		if why := differs(d, did); why != "" {
			return verdict, fmt.Errorf("%s begins: %s\nthe laboratory: %s at %s: %s\nthe daemons: %s\n%s", d.Initiator.Name, why, d.Result, d.Stage, d.Cause, did.Why, both)
		}
	}
	return verdict, nil
}

// differs says what the daemons did otherwise, "" when nothing.
func differs(d lab.Direction, did routers.Outcome) string {
	if did.Up != (d.Result == lab.Up) {
		return fmt.Sprintf("up %v", did.Up)
	}
	i, r := did.R1, did.R2
	if d.Initiator.Name == "R2" {
		i, r = r, i
	}
	if did.Up && (i.Profile != d.Initiator.Profile || r.Profile != d.Responder.Profile || i.Trustpoint != d.Initiator.Trustpoint || r.Trustpoint != d.Responder.Trustpoint) {
		return fmt.Sprintf("%s with %+v, %s with %+v; in the laboratory with %s and %s, %s and %s", d.Initiator.Name, i, d.Responder.Name, r,
			d.Initiator.Profile, d.Initiator.Trustpoint, d.Responder.Profile, d.Responder.Trustpoint)
	}
	return ""
}
