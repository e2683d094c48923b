package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/lint"
)

// Order is the order in which a router enrolled: certificate requests go out from
// the newest to the oldest.
type Order struct {
	Trustpoints []string // oldest first
	Known       bool     // it was told; else it is that of the file, the first enrolled first
	From        string   // who told it
	Where       lint.Place
}

// order takes it from the line !obol enrolled, from the saved output, or from the
// order of the trustpoints in the file. Trustpoints that whoever tells it leaves out
// have their CA's certificate and none of their own.
func (r *Router) order(saved *store) Order {
	c := r.Config
	switch {
	case len(c.Enrolled) > 0:
		return Order{Trustpoints: c.Enrolled, Known: true, From: "!obol enrolled", Where: lint.At(c.EnrolledPos)}
	case saved != nil:
		o := Order{Known: true, From: "show crypto pki certificates", Where: lint.Place{File: r.Saved.File}}
		for _, c := range slices.Backward(saved.certificates) { // the newest stands first
			for _, name := range c.trustpoints {
				if !c.ca && !slices.Contains(o.Trustpoints, name) {
					o.Trustpoints = append(o.Trustpoints, name)
				}
			}
		}
		return o
	}
	o := Order{From: "the order of the trustpoints in the file", Where: lint.Place{File: r.File}}
	for _, s := range c.Trustpoints {
		if !s.SelfSigned {
			o.Trustpoints = append(o.Trustpoints, s.Name)
		}
	}
	return o
}

// tellOrder says which order was used where it may decide something.
func (p *Pair) tellOrder(r *Router) {
	o := r.Order
	if len(o.Trustpoints) < 2 {
		return
	}
	cure := ""
	if !o.Known {
		cure = fmt.Sprintf("If the router enrolled in another order, write it into %s as a line !obol enrolled, oldest first, or give the output of show crypto pki certificates with --certificates %s=FILE.", r.File, r.Name)
	}
	p.note(EnrolmentOrder, fmt.Sprintf("%s is taken to have enrolled %s (%s).", r.Name, strings.Join(o.Trustpoints, ", then "), o.From), cure, o.Where)
}
