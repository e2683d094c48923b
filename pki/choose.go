package pki

// CARequest is one certificate request to send.
type CARequest struct {
	Name       Name
	Trustpoint string // "" for the predefined five
}

// Choice is the answer to the peer's certificate requests: the trustpoint to
// sign with, and why not the others.
type Choice struct {
	Trustpoint *Trustpoint // nil: none
	Index      int         // of the request that fixed it; -1: none did
	Reason     string
	Considered []Considered // every request, in packet order
}

// Considered is one request and what became of it.
type Considered struct {
	Name       Name
	Trustpoint string // "" when no trustpoint is of that CA
	Verdict    string
}

// CertificateRequests lists the CAs to request, in IOS's order.
func (s *Snapshot) CertificateRequests(only []string) []CARequest { return nil }

// Choose takes the first request, in packet order, that a trustpoint with an
// identity answers.
func (s *Snapshot) Choose(requests []Name, only []string) Choice { return Choice{Index: -1} }

// Fallback is the choice when no request was usable.
func (s *Snapshot) Fallback(only []string) Choice { return Choice{Index: -1} }
