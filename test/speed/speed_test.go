//go:build bench

// Package speed measures what goes through the userspace data plane beside what
// others make of the same host: one TCP stream between two namespaces, the
// processor time that it costs either daemon, and the time of a small datagram's
// way there and back. All contenders stand at once and take turns, so that what
// else the machine does meets each of them.
//
//	go test -tags=bench -bench . -benchtime 1x ./test/speed    as root; make bench-dataplane
package speed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

const root = "../.."

// wireguardVersion is that of the Go module golang.zx2c4.com/wireguard.
const wireguardVersion = "v0.0.0-20260522210424-ecfc5a8d5446"

// bin holds obold, obol and wireguard (wireguard-go is what its repository is called).
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = routers.Build(root); err == nil {
			defer os.RemoveAll(bin)
			err = installWireguard()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func installWireguard() error {
	install := exec.Command("go", "install", "golang.zx2c4.com/wireguard@"+wireguardVersion)
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("%s", out), err)
	}
	return nil
}

// The sizes of a run.
const (
	rounds  = 5
	seconds = 2    // of TCP
	pings   = 2000 // datagrams there and back
)

// The contenders, in the order of their turns.
var contenders = []struct {
	name  string
	raise func(*testing.B, *stage)
}{
	{"veth, no tunnel", plain},
	{"charon, libipsec, AES-GCM-128", charon},
	{"wireguard-go", wireguard},
	{"obold, AES-GCM-128 in UDP", obold("esp-gcm", true)},
	{"obold, AES-GCM-128", obold("esp-gcm", false)},
	{"obold, AES-CBC-128 SHA-256", obold("esp-aes esp-sha256-hmac", false)},
	{"obold, the same in UDP", obold("esp-aes esp-sha256-hmac", true)},
}

// A figure is what one turn of a contender gives.
type figure struct {
	gigabits        float64    // a second
	cost            [2]float64 // processor seconds for 10^9 octets: of the sender's daemon, of the receiver's
	half, percent99 time.Duration
}

// BenchmarkStream prints a table: of each contender the medians of the rounds.
func BenchmarkStream(b *testing.B) {
	stages := make([]*stage, len(contenders))
	for i, c := range contenders {
		stages[i] = newStage(b, i)
		c.raise(b, stages[i])
		stages[i].listen(b)
	}
	for b.Loop() {
		all := make([][]figure, len(stages))
		for range rounds {
			for i, s := range stages {
				all[i] = append(all[i], s.turn(b))
			}
		}
		fmt.Printf("\nmedians of %d rounds\n%s", rounds, table(all)) // of a log ten lines are shown
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

func table(all [][]figure) string {
	text := fmt.Sprintf("%-34s %8s %9s %9s %10s %10s\n", "", "Gbit/s", "CPU s/GB", "CPU s/GB", "there and back, µs", "")
	text += fmt.Sprintf("%-34s %8s %9s %9s %10s %10s\n", "", "", "sender", "receiver", "median", "99 %")
	for i, list := range all {
		text += fmt.Sprintf("%-34s %8.2f %9.2f %9.2f %10.0f %10.0f\n", contenders[i].name,
			median(list, func(f figure) float64 { return f.gigabits }),
			median(list, func(f figure) float64 { return f.cost[0] }),
			median(list, func(f figure) float64 { return f.cost[1] }),
			median(list, func(f figure) float64 { return microseconds(f.half) }),
			median(list, func(f figure) float64 { return microseconds(f.percent99) }))
	}
	return text
}

func median(list []figure, of func(figure) float64) float64 {
	var values []float64
	for _, f := range list {
		values = append(values, of(f))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
