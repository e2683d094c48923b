package pki

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CertificateMap is crypto pki certificate map: it matches a certificate when
// all rules of one of its sequences do.
type CertificateMap struct {
	Name      string
	Sequences []CertificateMapSequence // by number
}

// CertificateMapSequence is one block of a certificate map.
type CertificateMapSequence struct {
	Number int
	Rules  []CertificateRule
}

// CertificateRule is one line of a sequence.
type CertificateRule struct {
	Field string // subject-name, issuer-name, alt-subject-name, unstructured-subject-name, name, serial-number, valid-start, expires-on
	Op    string // co, eq, nc, ne; of the two dates lt, ge, eq, ne
	Value string
	Date  time.Time // the value of the two dates
}

// Matches says whether the map takes a certificate. A sequence without rules
// takes none.
func (m *CertificateMap) Matches(c *Certificate) bool {
	if c == nil {
		return false
	}
	return slices.ContainsFunc(m.Sequences, func(s CertificateMapSequence) bool {
		return len(s.Rules) > 0 && !slices.ContainsFunc(s.Rules, func(r CertificateRule) bool { return !r.matches(c) })
	})
}

// matches compares names, as they are printed, without regard to case and to blanks
// around commas, equals signs and plus signs. nc and ne hold where none of several names is it.
func (r CertificateRule) matches(c *Certificate) bool {
	switch r.Field {
	case "valid-start":
		return r.compares(c.X509.NotBefore)
	case "expires-on":
		return r.compares(c.X509.NotAfter)
	}
	found := slices.ContainsFunc(r.values(c), func(v string) bool {
		v, want := foldName(v), foldName(r.Value)
		if r.Op == "eq" || r.Op == "ne" {
			return v == want
		}
		return strings.Contains(v, want)
	})
	return found == (r.Op == "co" || r.Op == "eq")
}

// values are what a certificate has in a field.
func (r CertificateRule) values(c *Certificate) []string {
	switch r.Field {
	case "subject-name":
		return []string{c.Subject.String()}
	case "issuer-name":
		return []string{c.Issuer.String()}
	case "serial-number":
		return []string{c.Serial}
	case "unstructured-subject-name":
		return []string{c.Subject.Value("hostname")}
	case "alt-subject-name":
		return alternatives(c)
	case "name":
		return append([]string{c.Subject.String()}, alternatives(c)...)
	}
	return nil
}

// alternatives are the subject alternative names.
func alternatives(c *Certificate) []string {
	out := slices.Concat(c.X509.DNSNames, c.X509.EmailAddresses)
	for _, ip := range c.X509.IPAddresses {
		out = append(out, ip.String())
	}
	for _, u := range c.X509.URIs {
		out = append(out, u.String())
	}
	return out
}

func (r CertificateRule) compares(at time.Time) bool {
	switch r.Op {
	case "lt":
		return at.Before(r.Date)
	case "ge":
		return !at.Before(r.Date)
	case "eq":
		return at.Equal(r.Date)
	case "ne":
		return !at.Equal(r.Date)
	}
	return false
}

// foldName: IOS keeps a rule as it was typed, "ou = ns" as often as "ou=ns".
func foldName(s string) string {
	return tight.Replace(strings.Join(strings.Fields(strings.ToLower(s)), " "))
}

var tight = strings.NewReplacer(" , ", ",", " ,", ",", ", ", ",", " = ", "=", " =", "=", "= ", "=", " + ", "+", " +", "+", "+ ", "+")

// ParseDate reads a date of a certificate map: "Mar 2 2027", "2 Mar 2027 13:00:00",
// with or without utc, which is what a date without it is taken for.
func ParseDate(text string) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	if rest, ok := strings.CutSuffix(strings.ToLower(text), " utc"); ok {
		text = text[:len(rest)]
	}
	for _, day := range []string{"Jan 2 2006", "2 Jan 2006", "January 2 2006", "2 January 2006"} {
		for _, clock := range []string{"", " 15:04", " 15:04:05"} {
			if t, err := time.Parse(day+clock, text); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", text)
}
