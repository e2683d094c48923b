//go:build bench

// Package bench compares obold with strongSwan's charon as a responder, on this
// host and in the same run: the processor time that a tunnel costs it, with both
// phases or with the four messages of IKEv2, and its deletion. Neither encrypts
// traffic: obold keeps its SAs in memory, and charon's are refused by a kernel
// without ESP or taken by one that has it.
//
//	go test -tags=bench -bench . ./test/bench        as root; make bench
package bench

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
)

const root = "../.."

// bin holds obold and obol.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "obol-bin"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(bin)
		build := exec.Command("go", "build", "-o", bin, root+"/cmd/...")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
			return 1
		}
		return m.Run()
	}())
}

// The sizes of a run: rounds of tunnels, the two responders in turn, so that
// what else the machine does meets both.
const (
	rounds = 7
	warm   = 20
	each   = 100
)

// BenchmarkResponder reports milliseconds of processor time a tunnel, the median
// of the rounds, and the median of the rounds' ratios.
func BenchmarkResponder(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			l := newLab(b, k)
			ours, theirs := l.obold(l.config(1, "192.168.1.1", "192.168.1.2")), l.charon()
			ours.tunnels(b, warm)
			theirs.tunnels(b, warm)
			for b.Loop() {
				var cost [2][]float64
				var ratio []float64
				for range rounds {
					o, t := ours.tunnels(b, each), theirs.tunnels(b, each)
					cost[0], cost[1] = append(cost[0], o), append(cost[1], t)
					ratio = append(ratio, o/t)
				}
				b.ReportMetric(median(cost[0]), "obold-ms/tunnel")
				b.ReportMetric(median(cost[1]), "charon-ms/tunnel")
				b.ReportMetric(median(ratio), "obold/charon")
			}
			b.ReportMetric(0, "ns/op") // the generator's time says nothing
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
