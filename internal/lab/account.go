package lab

import (
	"fmt"
	"strings"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// account is what a router did in one direction and why, as its reports tell.
type account struct {
	router, peer *Router
	initiator    bool
	side         Side

	reason   ike.Event // the last report that is a reason to end
	requests []string  // CAs that are being asked for
	checks   []string  // comparisons of the offer that is being read
	asked    bool      // the peer's requests fixed the certificate
	method   string    // IKEv2: the peer authenticates by it
	preShare bool      // both authenticate with pre-shared keys
	group    bool      // we asked the peer for another group: it goes on
	repeated bool      // it had to repeat itself
}

// why adds a decision.
func (a *account) why(format string, args ...any) {
	a.flush()
	a.side.Why = append(a.side.Why, sentence(fmt.Sprintf(format, args...)))
}

// flush writes what several reports say together.
func (a *account) flush() {
	if len(a.requests) > 0 {
		names, order := a.requests, ""
		if a.requests = nil; len(names) > 1 {
			order = ", in this order"
		}
		a.why("asks for certificates of %s%s", strings.Join(names, "; "), order)
	}
}

// hear takes a report.
func (a *account) hear(e ike.Event) {
	if !a.hearIKEv1(e) {
		a.hearIKEv2(e)
	}
}

// ended says how a report ends the negotiation, nil when it goes on.
func (a *account) ended(e ike.Event) *ending {
	switch e := e.(type) {
	case ikev1.MessageRejected:
		if e.Clear {
			return nil
		}
		return a.end(stageIKEv1(e.SA, e.Exchange, a.reason), e.Reason)
	case ikev2.MessageRejected:
		if e.Exchange == wire.ExchangeSAInit && a.initiator {
			return a.end("SA_INIT", e.Reason)
		}
	case engine.AggressiveDisabled:
		a.reason = e
		return a.end("AG1", "aggressive mode is disabled")
	case ike.NegotiationFailed:
		if a.group { // the peer begins again with the group that we want
			a.group = false
			return nil
		}
		x := a.end(e.Stage, e.Reason)
		x.silent = a.reason == nil && a.repeated
		return x
	}
	return nil
}

func (a *account) end(stage, sentence string) *ending {
	return &ending{stage: stage, reason: a.reason, sentence: sentence}
}

// refused keeps a report as the reason for what follows.
func (a *account) refused(e ike.Event) { a.reason = e }

// certificate is how a chosen one is told.
func (a *account) certificate(trustpoint, reason string) {
	a.side.Trustpoint = trustpoint
	a.why("signs with the certificate of trustpoint %s: %s", trustpoint, reason)
}

// judged is how the verdict on the peer's certificate is told.
func (a *account) judged(v pki.Verdict) {
	if v.OK {
		a.why("accepts %s's certificate by trustpoint %s", a.peer.Name, v.Trustpoint)
		return
	}
	a.why("refuses %s's certificate: %s", a.peer.Name, v.Reason)
}

// alsoRans tells of the profiles that were not taken.
func alsoRans[P any](list []policy.AlsoRan[P], name func(P) string) string {
	var words []string
	for _, a := range list {
		words = append(words, fmt.Sprintf("%s was not taken: %s", name(a.Profile), a.Why))
	}
	if len(words) == 0 {
		return ""
	}
	return "; " + strings.Join(words, "; ")
}

// list joins words for people.
func list(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
