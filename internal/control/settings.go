package control

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// config is the running configuration; without a daemon the file that the client
// names.
func (e *exec) config() (*policy.Config, error) {
	if e.router != nil {
		return e.router.Config(), nil
	}
	if e.here.Config == "" {
		return nil, errors.New("no obold runs: -c FILE says which configuration has the trustpoint")
	}
	text, err := os.ReadFile(e.here.Config)
	if err != nil {
		return nil, err
	}
	cfg, wrong := policy.Compile(policy.Source{Name: e.here.Config, Text: text})
	if wrong != nil {
		return nil, wrong
	}
	return cfg, nil
}

// trustpoint is what is configured about one, what the store has for it, and the
// host whose name its certificate gets.
func (e *exec) trustpoint(name string) (*pki.Trustpoint, pki.Host, error) {
	cfg, err := e.config()
	if err != nil {
		return nil, pki.Host{}, err
	}
	i := slices.IndexFunc(cfg.Trustpoints, func(s pki.Settings) bool { return s.Name == name })
	if i < 0 {
		return nil, pki.Host{}, fmt.Errorf("there is no crypto pki trustpoint %s in the configuration", name)
	}
	snapshot, err := e.snapshot()
	if err != nil {
		return nil, pki.Host{}, err
	}
	tp := &pki.Trustpoint{}
	if have := snapshot.Lookup(name); have != nil {
		*tp = *have
	}
	tp.Settings = cfg.Trustpoints[i]
	return tp, Host(cfg), nil
}

// keyLabel says which key the configuration, where there is one, gives a trustpoint.
func (e *exec) keyLabel() (func(*pki.Trustpoint) (pki.KeyKind, string), error) {
	cfg := &policy.Config{}
	if e.router != nil || e.here.Config != "" {
		var err error
		if cfg, err = e.config(); err != nil {
			return nil, err
		}
	}
	return func(tp *pki.Trustpoint) (pki.KeyKind, string) {
		s := tp.Settings
		if i := slices.IndexFunc(cfg.Trustpoints, func(s pki.Settings) bool { return s.Name == tp.Name }); i >= 0 {
			s = cfg.Trustpoints[i]
		}
		return s.KeyLabel(Host(cfg))
	}, nil
}
