package routers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pings sends pings from one address to another until d has passed, at an interval
// as ping takes it, and tells in the end which were lost, if any.
func (r *Router) Pings(d time.Duration, interval, from, to string) <-chan error {
	end := make(chan error, 1)
	go func() {
		// Every answer is printed with its time; -w ends the sending.
		out, err := r.Run("ping", "-D", "-w", fmt.Sprint(int(d.Seconds())), "-i", interval, "-I", from, to)
		if lost := gaps(out); err == nil && lost.N > 0 {
			err = lost
		}
		end <- err
	}()
	return end
}

// Ping sends so many pings from one address to another, at an interval as ping takes it,
// and goes on until as many are answered: it is an error that one was lost.
func (r *Router) Ping(n int, interval, from, to string) error {
	// -c alone waits no longer than two round trips for the last answer.
	out, err := r.Run("ping", "-D", "-c", fmt.Sprint(n), "-w", "60", "-i", interval, "-I", from, to)
	if lost := gaps(out); err == nil && lost.N > 0 {
		err = lost
	}
	return err
}

// LostPings is an error: so many pings were lost, and when.
type LostPings struct {
	N    int
	text string
}

func (l LostPings) Error() string { return "pings were lost: " + l.text }

var answer = regexp.MustCompile(`(?m)^\[(\d+)\.(\d{3}).*icmp_seq=(\d+)`)

// gaps are the pings that have no answer although a later one has, with the time
// of the answer before them. The last ones may be on their way when ping ends.
func gaps(out string) (l LostPings) {
	at := map[int]string{0: "the beginning"} // time of the answer, by sequence number
	for _, m := range answer.FindAllStringSubmatch(out, -1) {
		seq, _ := strconv.Atoi(m[3])
		seconds, _ := strconv.ParseInt(m[1], 10, 64)
		at[seq] = time.Unix(seconds, 0).UTC().Format(time.TimeOnly) + "." + m[2]
	}
	answered := slices.Sorted(maps.Keys(at))
	if len(answered) == 1 {
		return LostPings{1, "all"}
	}
	var lost []string
	for i, seq := range answered[1:] {
		if before := answered[i]; seq > before+1 {
			l.N += seq - before - 1
			lost = append(lost, fmt.Sprintf("%d to %d after %s", before+1, seq-1, at[before]))
		}
	}
	l.text = strings.Join(lost, ", ")
	return l
}
