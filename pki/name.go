package pki

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of a distinguished name.
const (
	MaxNameLen = 8192 // octets of DER
	maxRDNs    = 64
	maxAVAs    = 16 // attributes in one RDN
)

// Name is a distinguished name, kept as the DER that was received: a
// certificate request and a signature are about octets. The zero Name is no
// name at all. Names compare with == by octets and with Equal by meaning.
type Name struct {
	der       string
	canonical string // see Canonical; made once, names are compared often
}

// An attribute is one AttributeTypeAndValue; value is the value's own DER.
type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   cbasn1.Tag
	value []byte // content octets
}

// ParseName checks der to be one Name and nothing else. It refuses names over
// MaxNameLen octets.
func ParseName(der []byte) (Name, error) {
	n := Name{der: string(der)}
	rdns, err := n.parse()
	if err != nil {
		return Name{}, fmt.Errorf("distinguished name: %w", err)
	}
	n.canonical = canonical(rdns)
	return n, nil
}

// parse reads the RDNs in encoded order, most significant first.
//
//	Name ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type OID, value ANY }
func (n Name) parse() ([][]attribute, error) {
	if len(n.der) > MaxNameLen {
		return nil, fmt.Errorf("%d octets, at most %d are accepted", len(n.der), MaxNameLen)
	}
	in := cryptobyte.String(n.der)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, errors.New("not one DER sequence")
	}
	var rdns [][]attribute
	for !seq.Empty() {
		var set cryptobyte.String
		if len(rdns) == maxRDNs {
			return nil, fmt.Errorf("more than %d relative names", maxRDNs)
		}
		if !seq.ReadASN1(&set, cbasn1.SET) || set.Empty() {
			return nil, errors.New("relative name is not a set of attributes")
		}
		var rdn []attribute
		for !set.Empty() {
			if len(rdn) == maxAVAs {
				return nil, fmt.Errorf("more than %d attributes in a relative name", maxAVAs)
			}
			var ava, value cryptobyte.String
			var a attribute
			if !set.ReadASN1(&ava, cbasn1.SEQUENCE) ||
				!ava.ReadASN1ObjectIdentifier(&a.oid) ||
				!ava.ReadAnyASN1(&value, &a.tag) || !ava.Empty() {
				return nil, errors.New("malformed attribute")
			}
			a.value = value
			rdn = append(rdn, a)
		}
		rdns = append(rdns, rdn)
	}
	return rdns, nil
}

// rdns is parse for a Name that ParseName has let through.
func (n Name) rdns() [][]attribute {
	if n.der == "" {
		return nil
	}
	rdns, _ := n.parse()
	return rdns
}

// IsZero says that n is no name, not even an empty one.
func (n Name) IsZero() bool { return n.der == "" }

// DER returns the encoded name.
func (n Name) DER() []byte { return []byte(n.der) }

// Lines returns one line for each RDN, most specific first, as in show crypto
// pki certificates.
func (n Name) Lines() []string {
	var lines []string
	for _, rdn := range slices.Backward(n.rdns()) {
		parts := make([]string, len(rdn))
		for i, a := range rdn {
			parts[i] = a.String()
		}
		lines = append(lines, strings.Join(parts, "+"))
	}
	return lines
}

// String is the name as IOS prints it in debug lines:
// serialNumber=100+hostname=R1.cisco.com,cn=R1,o=cisco. Like IOS it does not
// escape commas, so it cannot be read back; control characters come as \0A.
func (n Name) String() string { return strings.Join(n.Lines(), ",") }

// Value returns the first value of an attribute by the key that IOS prints
// (hostname, ipaddress, serialNumber, cn), searching from the most specific
// RDN; "" when there is none. Control characters are replaced as in String.
func (n Name) Value(key string) string {
	for _, rdn := range slices.Backward(n.rdns()) {
		for _, a := range rdn {
			if attributeKey(a.oid) == key {
				return printable(a.text())
			}
		}
	}
	return ""
}

// Equal compares by meaning (RFC 5280 section 7.1): string types, case and
// runs of blanks do not matter, neither does the order inside one RDN.
func (n Name) Equal(m Name) bool { return n.canonical == m.canonical }

// Canonical is a form in which equal names, and only those, have equal octets.
func (n Name) Canonical() string { return n.canonical }

// canonical counts and measures everything, so that no value can pass for the
// end of another.
func canonical(rdns [][]attribute) string {
	out := []byte{'N'}
	for _, rdn := range rdns {
		avas := make([]string, len(rdn))
		for i, a := range rdn {
			avas[i] = a.canonical()
		}
		slices.Sort(avas)
		out = strconv.AppendInt(append(out, '{'), int64(len(avas)), 10)
		for _, a := range avas {
			out = strconv.AppendInt(append(out, ';'), int64(len(a)), 10)
			out = append(append(out, ':'), a...)
		}
	}
	return string(out)
}
