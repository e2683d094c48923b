package pki

import (
	"cmp"
	"time"
)

// Enrolling is an enrolment over the network that is under way: what is known of it
// survives a restart. The zero value is none.
type Enrolling struct {
	Request []byte       // DER of the certification request
	Signer  *Certificate // that signs its messages: self-signed, or the one to be renewed
	Label   string       // of the request's key
	CA      *Certificate // that is asked
	Renewal bool         // signed with the certificate that is to be replaced
	Held    bool         // the CA has the request and has not decided
	Began   time.Time
	Tries   int // messages that were not answered with a decision
	GaveUp  bool
	Next    time.Time // message, or after GaveUp request
	// Shadow has the certificates that the trustpoint's next CA has granted. They wait
	// for the end of the present ones.
	Shadow []*Certificate
}

// Step is what a trustpoint's enrolment does next.
type Step uint8

// Steps.
const (
	StepNone     Step = iota
	StepEnroll        // request the first certificate
	StepRenew         // request another one before the present one ends
	StepContinue      // send the request again, or ask after it
	StepRollover      // the next CA takes over
)

func (s Step) String() string {
	return [...]string{"none", "enroll", "renew", "continue", "rollover"}[s]
}

// pause is how long an enrolment that has given up rests before auto-enroll begins
// it again.
const pause = time.Hour

// NextStep says what a trustpoint's enrolment has to do next and when; e is what is
// under way, nil for nothing. The zero time is never.
func (tp *Trustpoint) NextStep(e *Enrolling) (Step, time.Time) {
	switch {
	case tp.EnrollmentURL == "" || tp.CA == nil:
		return StepNone, time.Time{}
	case e != nil && len(e.Shadow) > 0:
		return StepRollover, tp.ends()
	case e != nil && !e.GaveUp:
		return StepContinue, e.Next
	case tp.AutoEnroll == 0:
		return StepNone, time.Time{}
	}
	step, at := StepEnroll, time.Unix(0, 0)
	if tp.Identity != nil {
		step, at = StepRenew, tp.renewal()
	}
	if e != nil && e.Next.After(at) {
		at = e.Next
	}
	return step, at
}

// ends is when the certificate or its CA's does, whichever comes first.
func (tp *Trustpoint) ends() time.Time {
	ends := tp.CA.X509.NotAfter
	if tp.Identity != nil && tp.Identity.X509.NotAfter.Before(ends) {
		ends = tp.Identity.X509.NotAfter
	}
	return ends
}

// renewal is when the configured part of the certificate's lifetime has passed.
func (tp *Trustpoint) renewal() time.Time {
	from := tp.Identity.X509.NotBefore
	lifetime := tp.Identity.X509.NotAfter.Sub(from)
	return from.Add(lifetime / 100 * time.Duration(tp.AutoEnroll))
}

// NeedsNextCA says that a renewal by the present CA would bring nothing: the
// certificate ends with its CA already.
func (tp *Trustpoint) NeedsNextCA() bool {
	return tp.Identity != nil && !tp.Identity.X509.NotAfter.Before(tp.CA.X509.NotAfter)
}

// Unanswered counts a message without a decision: the next one goes out after the
// retry period, until the retry count is reached.
func (e *Enrolling) Unanswered(s Settings, now time.Time) {
	e.Tries++
	if e.Tries >= cmp.Or(s.RetryCount, DefaultRetryCount) {
		e.giveUp(now)
		return
	}
	e.Next = now.Add(time.Duration(cmp.Or(s.RetryMinutes, DefaultRetryMinutes)) * time.Minute)
}

// Refused ends an enrolment: the CA has decided.
func (e *Enrolling) Refused(now time.Time) { e.giveUp(now) }

func (e *Enrolling) giveUp(now time.Time) { e.GaveUp, e.Next = true, now.Add(pause) }
