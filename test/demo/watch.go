package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// watch draws the messages on the wire and the telling debug lines of both
// routers, in the order of their time stamps, until end is called. Each debug
// line also goes to see.
func watch(ctx context.Context, p *routers.Pair, see func(router, line string)) (end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &screen{}
	ladder := routers.NewLadder(p.R1.Address, p.R2.Address)
	fmt.Println("  R1                        R2")
	capture, err := p.R1.Capture(func(packet routers.Packet) {
		if packet.ISAKMP() {
			s.add(packet.Time.Truncate(time.Millisecond), ladder.Arrow(packet)) // as exact as debug lines
		}
	})
	if err != nil {
		cancel()
		return nil, err
	}
	for _, r := range []*routers.Router{p.R1, p.R2} {
		err := r.Follow(ctx, func(line string) {
			see(r.Name, line)
			if telling(line) {
				at, text := split(line)
				s.add(at, fmt.Sprintf("│   %s: %s", r.Name, strings.TrimSpace(text)))
			}
		}, "debug", "crypto", "isakmp", "pki")
		if err != nil {
			cancel()
			capture.Close()
			return nil, err
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			s.draw(time.Now().Add(-settle))
		}
		s.draw(time.Now())
	}()
	time.Sleep(settle) // the subscriptions stand
	return func() {
		time.Sleep(settle) // the last lines arrive
		cancel()
		capture.Close()
		<-done
	}, nil
}

// settle is how long a line may take to reach us through the control socket.
const settle = 700 * time.Millisecond

// screen holds lines back until no older one can come.
type screen struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	at   time.Time
	text string
}

func (l line) rank() int {
	if strings.HasPrefix(l.text, "│  ") {
		return 1
	}
	return 0
}

func (s *screen) add(at time.Time, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line{at, text})
}

func (s *screen) draw(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A message comes before what is said about it in the same millisecond.
	slices.SortStableFunc(s.lines, func(a, b line) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank(), b.rank()))
	})
	for len(s.lines) > 0 && s.lines[0].at.Before(until) {
		fmt.Println("  " + s.lines[0].text)
		s.lines = s.lines[1:]
	}
}

// split takes IOS's time stamp off a line. The stamp has no year and no zone:
// they are this moment's.
func split(s string) (time.Time, string) {
	const layout = "*Jan _2 15:04:05.000: "
	now := time.Now()
	for n := len(layout) - 1; n <= len(layout)+1 && n <= len(s); n++ {
		if at, err := time.ParseInLocation(layout, s[:n], now.Location()); err == nil {
			return at.AddDate(now.Year(), 0, 0), s[n:]
		}
	}
	return now, s
}

// telling picks the lines that explain the choice of certificates.
func telling(line string) bool {
	for _, s := range []string{"SA request profile", "Choosing trustpoint", "keypair to sign", "peer matches", "CERT validation list",
		"No suitable trustpoints", "Certificate validation succeeded", "IKMP_INVALID_CERT", "PHASE2_COMPLETE"} {
		if strings.Contains(line, s) {
			return true
		}
	}
	return false
}
