package control

import (
	"bytes"
	"io"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
)

// showCounted prints a text of the engine's view and the data plane's counters.
func (e *exec) showCounted(text func(io.Writer, engine.View, show.Counters) error) int {
	view, err := e.router.View(e.ctx)
	if err != nil {
		return e.failf("%v", err)
	}
	counters, err := e.router.Counters(e.ctx, installed(view))
	if err != nil {
		return e.failf("%v", err)
	}
	return e.print(func(w io.Writer) error {
		return text(w, view, func(id ipsec.SAID) (ipsec.Counters, bool) {
			c, known := counters[id]
			return c, known
		})
	})
}

// installed lists the SAs of all tunnels: those of an IKE SA that was cleared
// stand too.
func installed(view engine.View) []ipsec.SAID {
	var ids []ipsec.SAID
	for _, t := range view.Tunnels {
		for _, c := range t.Children {
			ids = append(ids, c.In.SAID, c.Out.SAID)
		}
	}
	return ids
}

// snapshot is what the daemon has, and without one what stands in the store.
func (e *exec) snapshot() (*pki.Snapshot, error) {
	if e.router != nil {
		return e.router.PKI(), nil
	}
	st, err := e.openHere()
	if err != nil {
		return nil, err
	}
	names, err := st.Names()
	if err != nil {
		return nil, err
	}
	var settings []pki.Settings
	for _, name := range names {
		settings = append(settings, pki.Settings{Name: name})
	}
	return st.Load(settings)
}

// print sends a text in one piece, with the notice above it.
func (e *exec) print(text func(io.Writer) error) int {
	var b bytes.Buffer
	if err := text(&b); err != nil {
		return e.failf("%v", err)
	}
	shown := b.String()
	if e.filter != nil {
		shown = e.filter(shown)
	}
	if e.router != nil && e.router.Notice() != "" {
		shown = e.router.Notice() + "\n" + shown
	}
	if _, err := io.WriteString(e.out, shown); err != nil {
		return ExitFailed
	}
	return ExitDone
}
