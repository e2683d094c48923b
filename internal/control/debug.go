package control

import (
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/internal/ioslog"
)

// debugWords are the facilities that debug crypto knows.
var debugWords = map[string]ioslog.Facility{"isakmp": ioslog.ISAKMP, "ipsec": ioslog.IPSEC, "pki": ioslog.PKI}

// switchedOn is how IOS answers a debug command. What it says to the longer
// commands of debug crypto pki is not known.
var switchedOn = []struct {
	facility ioslog.Facility
	answer   string
}{
	{ioslog.ISAKMP, "Crypto ISAKMP debugging is on\n"},
	{ioslog.IPSEC, "Crypto IPSEC debugging is on\n"},
}

// debug streams lines of these facilities, and syslog lines as a terminal of
// IOS has them among the others, until the client goes away.
func (e *exec) debug(facilities []ioslog.Facility) int {
	reports := e.router.Subscribe()
	defer reports.Close()
	for _, s := range switchedOn {
		if !slices.Contains(facilities, s.facility) {
			continue
		}
		if _, err := io.WriteString(e.out, s.answer); err != nil {
			return ExitFailed
		}
	}
	for {
		select {
		case <-e.ctx.Done():
			return ExitDone
		case r, open := <-reports.Reports():
			if !open {
				return ExitDone
			}
			if n := reports.Lost(); n > 0 {
				fmt.Fprintf(e.err, "%% %d reports lost: they are not read fast enough\n", n)
			}
			for _, line := range ioslog.Lines(r) {
				if line.Facility != ioslog.Syslog && !slices.Contains(facilities, line.Facility) {
					continue
				}
				if _, err := io.WriteString(e.out, line.Format(r.At)); err != nil {
					return ExitFailed
				}
			}
		}
	}
}
