//go:build netns

package userspace

import (
	"encoding/json"
	"testing"
	"time"
)

// SAs are rekeyed by volume, every other second, under a flow of 2000 numbered
// datagrams of 1000 octets a second each way, and none is lost. The last 256
// kilobytes of an SA, which are all that IOS leaves for its rekeying, pass in an
// eighth of a second then.
func TestRekeyUnderLoad(t *testing.T) {
	const volume = " set security-association lifetime kilobytes 5120\n"
	p := pair(t, 2, volume)
	start(t, p, p.R2, 2, volume)
	initiate(t, p.R1)
	server := make(chan error, 1)
	go func() {
		_, err := p.R2.Run("timeout", "60", "iperf3", "-s", "-B", "10.0.0.2", "-1")
		server <- err
	}()
	type ended struct {
		text string
		err  error
	}
	client := make(chan ended, 1)
	time.Sleep(500 * time.Millisecond)
	go func() {
		text, err := p.R1.Run("iperf3", "-c", "10.0.0.2", "-B", "10.0.0.1", "-u", "-b", "16M", "-l", "1000", "-t", "20", "--bidir", "-J")
		client <- ended{text, err}
	}()
	sets := map[string]bool{} // of SAs; some are seen while two pairs stand
	var end ended
	for running := true; running; {
		select {
		case end = <-client:
			running = false
		case <-time.After(250 * time.Millisecond):
			sets[spis(t, p.R1)] = true
		}
	}
	must(t, end.err)
	must(t, <-server)
	var report struct {
		End struct {
			There flowEnd `json:"sum"`
			Back  flowEnd `json:"sum_bidir_reverse"`
		}
	}
	must(t, json.Unmarshal([]byte(end.text), &report))
	for _, way := range []flowEnd{report.End.There, report.End.Back} {
		if way.Packets < 30_000 || way.Lost != 0 {
			t.Errorf("of %d datagrams %d are lost", way.Packets, way.Lost)
		}
	}
	if len(sets) < 6 {
		t.Errorf("%d sets of SAs were seen: not rekeyed", len(sets))
	}
}

// A flowEnd is what iperf3 tells of one way.
type flowEnd struct {
	Packets int
	Lost    int `json:"lost_packets"`
}
