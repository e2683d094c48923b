package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// store is what show crypto pki certificates says: certificates as IOS shows them,
// those of the router newest first.
type store struct{ certificates []savedCertificate }

// savedCertificate is one block of it.
type savedCertificate struct {
	ca          bool
	subject     pki.Name // zero: none is shown that can be read
	issuer      pki.Name
	trustpoints []string
}

// maxSaved is the most octets and maxSavedBlocks the most certificates of a saved
// output: a router has a few.
const (
	maxSaved       = 1 << 20
	maxSavedBlocks = 500
)

// parseSaved reads the output of show crypto pki certificates, with whatever a
// terminal has put around it. The error is one line.
func parseSaved(s Saved) (*store, error) {
	if len(s.Text) > maxSaved {
		return nil, fmt.Errorf("%s: %d octets, at most %d are read", s.File, len(s.Text), maxSaved)
	}
	found := &store{}
	var c *savedCertificate
	names := map[string][]string{} // Issuer and Subject of c, line by line
	section := ""
	finish := func() {
		if c != nil {
			c.issuer, c.subject = savedName(names["issuer:"]), savedName(names["subject:"])
		}
	}
	for i, line := range strings.Split(string(s.Text), "\n") {
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		if ca, own := isHeading(line); ca || own {
			finish()
			if len(found.certificates) == maxSavedBlocks {
				return nil, fmt.Errorf("%s:%d: more than %d certificates", s.File, i+1, maxSavedBlocks)
			}
			found.certificates = append(found.certificates, savedCertificate{ca: ca})
			c, section = &found.certificates[len(found.certificates)-1], ""
			clear(names)
			continue
		}
		if c == nil || line == strings.TrimLeft(line, " \t") { // a prompt, or what stands before
			if c != nil {
				finish()
			}
			c = nil
			continue
		}
		const associated = "associated trustpoints:"
		lower := strings.ToLower(text)
		switch {
		case strings.HasPrefix(lower, associated):
			c.trustpoints = append(c.trustpoints, strings.Fields(text[len(associated):])...)
		case strings.HasSuffix(text, ":"):
			section = lower
		case strings.Contains(text, "=") && !strings.Contains(text, ": "): // not Serial Number: 100
			names[section] = append(names[section], text)
		}
	}
	finish()
	if !slices.ContainsFunc(found.certificates, func(c savedCertificate) bool { return len(c.trustpoints) > 0 }) {
		return nil, fmt.Errorf("%s: no certificate with associated trustpoints in it; the output of show crypto pki certificates is expected", s.File)
	}
	return found, nil
}

// isHeading says whether a line begins a certificate: a CA's or the router's own.
// Self-signed ones take no part in IKE.
func isHeading(line string) (ca, own bool) {
	switch strings.TrimRight(line, " \t\r") {
	case "CA Certificate":
		return true, false
	case "Certificate", "Router Certificate", "General Purpose Certificate":
		return false, true
	}
	return false, false
}

// savedName is a name of lines, most specific first as in subject-name.
func savedName(lines []string) pki.Name {
	if len(lines) == 0 {
		return pki.Name{}
	}
	n, err := pki.SubjectName(pki.Settings{SubjectName: strings.Join(lines, ",")}, pki.Host{})
	if err != nil {
		return pki.Name{}
	}
	return n
}

// authority is the name of a trustpoint's CA, zero when the output has none.
func (s *store) authority(trustpoint string) pki.Name {
	for _, c := range s.certificates {
		if !slices.Contains(c.trustpoints, trustpoint) {
			continue
		}
		if c.ca && !c.subject.IsZero() {
			return c.subject
		}
		if !c.ca && !c.issuer.IsZero() {
			return c.issuer
		}
	}
	return pki.Name{}
}

// has says whether the output has any certificate of a trustpoint.
func (s *store) has(trustpoint string) bool {
	return slices.ContainsFunc(s.certificates, func(c savedCertificate) bool { return slices.Contains(c.trustpoints, trustpoint) })
}
