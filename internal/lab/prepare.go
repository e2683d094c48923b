package lab

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// Source is a router as the laboratory gets it.
type Source struct {
	File  string // as places name it
	Text  []byte // a running-config
	Saved *Saved // nil: none
}

// Saved is the saved output of show crypto pki certificates.
type Saved struct {
	File string
	Text []byte
}

// Router is one of the two, ready to negotiate.
type Router struct {
	Source
	Name     string // the hostname, else R1 or R2; not that of the other
	Config   *policy.Config
	Snapshot *pki.Snapshot // the certificates that the laboratory made
	Order    Order         // of enrolment
}

// Pair is two routers, and the moment at which they negotiate.
type Pair struct {
	Routers  [2]*Router
	Now      time.Time
	Findings []lint.Finding // about what the laboratory made them of

	revoked    []Revocation
	signatures map[signed][]byte // of With
}

// Prepare makes routers of two configurations: compiles them, names the routers
// and gives them certificates. The error is of type ios.Errors where a
// configuration does not compile; any other is one line.
func Prepare(a, b Source, now time.Time) (*Pair, error) {
	return prepare([2]Source{a, b}, now, map[signed][]byte{})
}

// With is the pair after the configuration of one router has changed.
func (p *Pair) With(router int, text []byte) (*Pair, error) {
	sources := [2]Source{p.Routers[0].Source, p.Routers[1].Source}
	sources[router].Text = text
	return prepare(sources, p.Now, p.signatures)
}

func prepare(sources [2]Source, now time.Time, signatures map[signed][]byte) (*Pair, error) {
	p := &Pair{Now: now, signatures: signatures}
	return p, p.outfit(sources)
}

// outfit compiles the configurations, names the routers and gives them
// certificates.
func (p *Pair) outfit(sources [2]Source) error {
	var errs ios.Errors
	for i, s := range sources {
		config, wrong := policy.Compile(policy.Source{Name: s.File, Text: s.Text})
		errs = append(errs, wrong...)
		p.Routers[i] = &Router{Source: s, Config: config}
	}
	if len(errs) > 0 {
		return errs
	}
	for i, named := range lint.Routers(p.Routers[0].Config, p.Routers[1].Config) {
		p.Routers[i].Name = named.Name
	}
	return p.enrol()
}

// Router finds a router by its name, -1 when there is none.
func (p *Pair) Router(name string) int {
	return slices.IndexFunc(p.Routers[:], func(r *Router) bool { return strings.EqualFold(r.Name, name) })
}

// ErrNoSuchRouter is of a name that neither router has.
var ErrNoSuchRouter = errors.New("no such router")

// note adds a finding that is good to know.
func (p *Pair) note(code lint.Code, message, cure string, where ...lint.Place) {
	p.Findings = append(p.Findings, lint.Finding{Code: code, Severity: lint.Info, Message: message, Cure: cure, Where: where})
}
