package script

import (
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// Trustpoints are what the router is enrolled at, from the n-th on.
func (r *Router) Trustpoints(n int) []*pki.Trustpoint {
	var out []*pki.Trustpoint
	for i, e := range r.Enrolled[n:] {
		tp := testca.Trustpoint(e.Trustpoint, e.Identity, uint64(n+i)+1)
		tp.RevocationCheck = []pki.RevocationMethod{pki.RevocationCRL}
		out = append(out, tp)
	}
	return out
}

// Snapshot is the state of a store with these trustpoints. As in pki/store, their
// settings are the configuration's, where it has them.
func Snapshot(config *policy.Config, trustpoints []*pki.Trustpoint) *pki.Snapshot {
	for _, tp := range trustpoints {
		for _, settings := range config.Trustpoints {
			if settings.Name == tp.Name {
				tp.Settings = settings
			}
		}
	}
	return pki.NewSnapshot(trustpoints)
}
