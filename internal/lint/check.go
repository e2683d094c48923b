package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
)

// Router is a configuration to check, with what is known of it besides.
type Router struct {
	Name   string // as messages call it
	Config *policy.Config
	// Enrolled are the trustpoints that have a certificate, the oldest first; nil: what
	// !obol enrolled says, else all of them in the order of the file.
	Enrolled []string
	CRLs     []StoredCRL
}

// Routers names the routers of configurations: by the hostname, else R1, R2 in
// their order. Two of the same name are told apart by that number too.
func Routers(configs ...*policy.Config) []Router {
	count := map[string]int{}
	for _, c := range configs {
		count[strings.ToLower(c.Hostname)]++
	}
	all := make([]Router, len(configs))
	for i, c := range configs {
		name := cmp.Or(c.Hostname, fmt.Sprintf("R%d", i+1))
		if c.Hostname != "" && count[strings.ToLower(c.Hostname)] > 1 {
			name += fmt.Sprintf("-%d", i+1)
		}
		all[i] = Router{Name: name, Config: c}
	}
	return all
}

// Check finds what will hurt: in each router by itself and, of two or more,
// between the tunnels that face each other. Errors come first, then in the
// order of the routers and of their lines.
func Check(now time.Time, routers ...Router) []Finding {
	c := checker{now: now, files: map[string]int{}}
	cas := newCAs(routers)
	for _, r := range routers {
		c.routers = append(c.routers, newRouter(r, cas))
	}
	for _, r := range c.routers {
		c.tunnels(r)
		c.trustpoints(r)
		c.keys(r)
		c.identities(r)
		c.overlaps(r)
		c.certificates(r)
		c.lists(r)
		c.weak(r)
		c.unused(r)
	}
	for i, r := range c.routers {
		for _, s := range c.routers[i+1:] {
			for _, l := range links(r, s) {
				c.link(l)
			}
		}
	}
	if len(c.routers) > 1 {
		c.lost()
	}
	return c.inOrder()
}

// checker collects findings.
type checker struct {
	now     time.Time
	routers []*router
	files   map[string]int // the order in which places name them
	found   []Finding
}

// add notes a finding: two sentences, and the lines to look at.
func (c *checker) add(code Code, severity Severity, where []ios.Pos, cure, format string, args ...any) {
	f := Finding{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...) + ".", Cure: strings.ToUpper(cure[:1]) + cure[1:] + ".", Where: []Place{}}
	for _, pos := range where {
		if p := At(pos); p.File != "" && !slices.Contains(f.Where, p) {
			f.Where = append(f.Where, p)
		}
	}
	c.found = append(c.found, f)
}

func (c *checker) inOrder() []Finding {
	for _, f := range c.found {
		for _, p := range f.Where {
			if _, known := c.files[p.File]; !known {
				c.files[p.File] = len(c.files)
			}
		}
	}
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(c.found, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(rank[x.Severity], rank[y.Severity]), c.byPlace(x, y))
	})
	return c.found
}

// byPlace puts what has no place last.
func (c *checker) byPlace(x, y Finding) int {
	if len(x.Where) == 0 || len(y.Where) == 0 {
		return cmp.Compare(len(y.Where), len(x.Where))
	}
	a, b := x.Where[0], y.Where[0]
	return cmp.Or(cmp.Compare(c.files[a.File], c.files[b.File]), cmp.Compare(a.Line, b.Line))
}

// link looks at two tunnels that face each other.
func (c *checker) link(l link) {
	if !c.sameKind(l) {
		return
	}
	c.proposals(l)
	c.transforms(l)
	c.pairKeys(l)
	c.reach(l)
	c.signing(l)
	c.lifetimes(l)
}
