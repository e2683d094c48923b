// Package scep speaks the Simple Certificate Enrolment Protocol (RFC 8894) as a
// router does: GetCACaps, GetCACert, GetNextCACert, and PKIOperation with PKCSReq,
// RenewalReq, CertPoll, GetCert and GetCRL.
//
// The server is not trusted. What it says is bounded in size and time, comes from
// one connection without redirections, and counts only with a signature of the CA
// that the operator has authenticated, or of an RA that this CA has made one.
//
// The messages (RFC 5652) are written and read here: libraries for them choose the
// cipher for the whole process, refuse MD5 and SHA-1, which old IOS CAs speak, and
// know neither CertPoll nor GetCRL.
package scep
