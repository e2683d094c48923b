package pki

import "time"

// An Event is what an enrolment reports.
type Event interface{ IsEvent() }

// EnrolmentStep is a step that debug crypto pki transactions tells.
type EnrolmentStep struct{ Trustpoint, Text string }

// RequestMade is a certification request before it leaves. CAs show its fingerprint
// to who has to grant it.
type RequestMade struct {
	Trustpoint string
	DER        []byte
}

// EnrolmentGranted is a certificate that has come.
type EnrolmentGranted struct {
	Trustpoint  string
	Certificate *Certificate
	Waits       bool // of the next CA: for the end of the present one
}

// EnrolmentRejected is a CA's no.
type EnrolmentRejected struct{ Trustpoint, Reason string }

// EnrolmentFailed is a try without a usable answer.
type EnrolmentFailed struct {
	Trustpoint, Reason string
	Next               time.Time // the next try, after GaveUp only with auto-enroll
	GaveUp             bool
}

// IsEvent makes them events of the engine's kind.
func (EnrolmentStep) IsEvent()     {}
func (RequestMade) IsEvent()       {}
func (EnrolmentGranted) IsEvent()  {}
func (EnrolmentRejected) IsEvent() {}
func (EnrolmentFailed) IsEvent()   {}
