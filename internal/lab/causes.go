package lab

import (
	"github.com/obol-ike/obol/internal/lint"
)

// explain finds the cause and the cure of how the attempt ended.
func (w *watch) explain() *explanation {
	if w.end == nil { // nobody said or did anything any more
		w.end = &ending{by: w.initiator, stage: w.first(), silent: true}
	}
	x := &explanation{stage: w.end.stage}
	by, other := w.accounts[w.end.by], w.accounts[1-w.end.by]
	switch {
	case w.end.silent:
		x.code = lint.NoAnswer
		x.say("%s got no answer to %s from %s, and no report of %s's says why", by.router.Name, w.end.stage, other.router.Name, other.router.Name).
			heal("Look at the debug lines of %s", other.router.Name)
	case w.causeIKEv1(x, by, other), w.causeIKEv2(x, by, other):
	default:
		x.code = lint.Refused
		x.say("%s refused or could not build %s: %s", by.router.Name, w.end.stage, w.end.sentence).heal("Look at the debug lines of %s", by.router.Name)
	}
	if len(x.where) == 0 {
		x.at(w.itf.Pos)
	}
	return x
}
