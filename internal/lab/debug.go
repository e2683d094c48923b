package lab

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/sim"
)

// WriteDebug writes what both routers print with every debug crypto on, in the order
// in which it happened, each message behind its router's prompt.
func (x *Exchange) WriteDebug(w io.Writer) error {
	type report struct {
		of *sim.Router
		ike.Report
	}
	var all []report
	for _, r := range x.World.Routers {
		for _, e := range r.Reports {
			all = append(all, report{r, e})
		}
	}
	slices.SortStableFunc(all, func(a, b report) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	for _, r := range all {
		if err := writeReport(w, r.of.Name+"#", r.Report); err != nil {
			return err
		}
	}
	return nil
}

// WriteRouterDebug writes what one router prints.
func WriteRouterDebug(w io.Writer, r *sim.Router) error {
	for _, e := range r.Reports {
		if err := writeReport(w, r.Name+"#", e); err != nil {
			return err
		}
	}
	return nil
}

func writeReport(w io.Writer, prompt string, r ike.Report) error {
	for _, l := range ioslog.Lines(r) {
		if _, err := fmt.Fprintln(w, prompt+strings.TrimRight(l.Format(r.At), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// Heading names the direction over its debug lines.
func (d *Direction) Heading() string {
	return fmt.Sprintf("! %s, %s begins: %s", d.Tunnel, d.Initiator.Name, d.Result)
}
