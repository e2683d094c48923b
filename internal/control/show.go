package control

import (
	"bytes"
	"fmt"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

func (e *exec) showISAKMPSA(detail bool) int {
	return e.show(func(b *bytes.Buffer, view engine.View, _ counters) { show.ISAKMPSA(b, view, detail) })
}

func (e *exec) showIPsecSA() int {
	return e.show(func(b *bytes.Buffer, view engine.View, c counters) { show.IPsecSA(b, view, c) })
}

func (e *exec) showSession(detail bool) int {
	return e.show(func(b *bytes.Buffer, view engine.View, c counters) { show.Session(b, view, c, detail) })
}

type counters = map[ipsec.SAID]ipsec.Counters

// show prints a text of the engine's view and the data plane's counters.
func (e *exec) show(print func(*bytes.Buffer, engine.View, counters)) int {
	view, err := e.router.View(e.ctx)
	if err != nil {
		return e.failf("%v", err)
	}
	var ids []ipsec.SAID
	for _, s := range view.Sessions {
		for _, c := range s.Children {
			ids = append(ids, c.In.SAID, c.Out.SAID)
		}
	}
	counted, err := e.router.Counters(e.ctx, ids)
	if err != nil {
		return e.failf("%v", err)
	}
	return e.print(func(b *bytes.Buffer) { print(b, view, counted) })
}

// print sends a text in one piece, with the notice above it.
func (e *exec) print(text func(*bytes.Buffer)) int {
	var b bytes.Buffer
	if e.router != nil && e.router.Notice() != "" {
		fmt.Fprintf(&b, "%% %s\n", e.router.Notice())
	}
	text(&b)
	if _, err := e.out.Write(b.Bytes()); err != nil {
		return ExitFailed
	}
	return ExitDone
}

// showCertificates works without a daemon too: on what stands in the store.
func (e *exec) showCertificates() int {
	snapshot, err := e.snapshot()
	if err != nil {
		return e.failf("%v", err)
	}
	return e.print(func(b *bytes.Buffer) { show.PKICertificates(b, snapshot) })
}

func (e *exec) snapshot() (*pki.Snapshot, error) {
	if e.router != nil {
		return e.router.PKI(), nil
	}
	st, err := store.Open(e.store)
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
