// Package lab predicts a negotiation: two configurations in, both directions
// negotiated by the engines of the daemon in virtual time, and out come the
// verdict, its reason and what to change.
package lab

import "github.com/obol-ike/obol/internal/lint"

// Schema is the version of the JSON that Result makes. Fields are only added
// within a version.
const Schema = 1

// Result is the answer of the laboratory.
type Result struct {
	Schema     int            `json:"schema"`
	Directions []Direction    `json:"directions"` // by tunnel as configured, first router's initiative first
	Findings   []lint.Finding `json:"findings"`
	WhatIf     []WhatIf       `json:"what_if"` // only for pairs with a direction that is down
}

// Up says whether every direction came up.
func (r *Result) Up() bool {
	for _, d := range r.Directions {
		if d.Result != Up {
			return false
		}
	}
	return true
}

// Verdict of a direction.
type Verdict string

// Verdicts.
const (
	Up   Verdict = "up"
	Down Verdict = "down"
)

// Direction is one tunnel, begun by one of its ends.
type Direction struct {
	Tunnel    string       `json:"tunnel"` // the initiator's name of it
	IKE       int          `json:"ike"`    // version, 1 or 2
	Initiator Side         `json:"initiator"`
	Responder Side         `json:"responder"`
	Result    Verdict      `json:"result"`
	Stage     string       `json:"stage"` // the message that was refused or could not be built: MM1 ... MM6, QM1 ... QM3, SA_INIT, AUTH, CHILD; UP when up
	Code      lint.Code    `json:"code"`  // "" when up
	Cause     string       `json:"cause"` // one sentence, "" when up
	Cure      string       `json:"cure"`  // one sentence, "" when up
	Where     []lint.Place `json:"where"` // the lines of the cause, that to change first
	// Exchange is what went over the network; nil where nothing did.
	Exchange *Exchange `json:"-"`
}

// Side is what one end did in a direction, and why.
type Side struct {
	Name       string   `json:"name"`
	Profile    string   `json:"profile"`    // "" when none was chosen
	Trustpoint string   `json:"trustpoint"` // whose certificate it sent, or would have; "" without one
	Identity   string   `json:"identity"`   // as it was sent; "" before that
	Why        []string `json:"why"`        // its decisions in their order, a sentence each
}

// WhatIf is a single change, and what it would bring.
type WhatIf struct {
	Change string    `json:"change"` // one sentence, with the lines in IOS words
	Side   string    `json:"side"`   // the router to change
	File   string    `json:"file"`
	Line   int       `json:"line"`   // to change, or after which to add; 0 is none
	Result []Outcome `json:"result"` // every direction after the change
}

// Outcome is one direction of a changed pair.
type Outcome struct {
	Tunnel    string  `json:"tunnel"`
	Initiator string  `json:"initiator"`
	Result    Verdict `json:"result"`
}
