package pki

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
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
	text      string // see String; made once too, every handshake tells of names
}

// ParseName checks der to be one Name and nothing else. It refuses names over
// MaxNameLen octets.
func ParseName(der []byte) (Name, error) {
	attributes, err := parseName(der)
	if err != nil {
		return Name{}, fmt.Errorf("distinguished name: %w", err)
	}
	return Name{der: string(der), canonical: canonical(attributes, len(der)), text: text(attributes, len(der))}, nil
}

// parseName reads the attributes in encoded order, most significant first.
//
//	Name ::= SEQUENCE OF SET SIZE (1..MAX) OF SEQUENCE { type OID, value ANY }
func parseName(der []byte) ([]attribute, error) {
	if len(der) > MaxNameLen {
		return nil, fmt.Errorf("%d octets, at most %d are accepted", len(der), MaxNameLen)
	}
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, errors.New("not one DER sequence")
	}
	attributes := make([]attribute, 0, 8)
	for rdns := 0; !seq.Empty(); rdns++ {
		var set cryptobyte.String
		if rdns == maxRDNs {
			return nil, fmt.Errorf("more than %d relative names", maxRDNs)
		}
		if !seq.ReadASN1(&set, cbasn1.SET) || set.Empty() {
			return nil, errors.New("relative name is not a set of attributes")
		}
		for avas := 0; !set.Empty(); avas++ {
			if avas == maxAVAs {
				return nil, fmt.Errorf("more than %d attributes in a relative name", maxAVAs)
			}
			var ava, oid, value cryptobyte.String
			var a attribute
			if !set.ReadASN1(&ava, cbasn1.SEQUENCE) ||
				!ava.ReadASN1Element(&oid, cbasn1.OBJECT_IDENTIFIER) ||
				!ava.ReadAnyASN1(&value, &a.tag) || !ava.Empty() {
				return nil, errors.New("malformed attribute")
			}
			a.oid, a.value, a.last = oid, value, set.Empty()
			if _, ok := a.name(); !ok {
				return nil, errors.New("malformed attribute")
			}
			attributes = append(attributes, a)
		}
	}
	return attributes, nil
}

// rdns are the RDNs of a Name that ParseName has let through.
func (n Name) rdns() iter.Seq[[]attribute] {
	if n.der == "" {
		return rdns(nil)
	}
	attributes, _ := parseName([]byte(n.der))
	return rdns(attributes)
}

// rdns puts attributes together, the most specific RDN first; the attributes of
// one stand in encoded order.
func rdns(rest []attribute) iter.Seq[[]attribute] {
	return func(yield func([]attribute) bool) {
		for len(rest) > 0 {
			start := len(rest) - 1
			for start > 0 && !rest[start-1].last {
				start--
			}
			if !yield(rest[start:]) {
				return
			}
			rest = rest[:start]
		}
	}
}

// IsZero says that n is no name, not even an empty one.
func (n Name) IsZero() bool { return n.der == "" }

// DER returns the encoded name.
func (n Name) DER() []byte { return []byte(n.der) }

// Lines returns one line for each RDN, most specific first, as in show crypto
// pki certificates.
func (n Name) Lines() []string {
	var lines []string
	for rdn := range n.rdns() {
		lines = append(lines, string(appendRDN(nil, rdn)))
	}
	return lines
}

// String is the name as IOS prints it in debug lines:
// serialNumber=100+hostname=R1.cisco.com,cn=R1,o=cisco. Like IOS it does not
// escape commas, so it cannot be read back; control characters come as \0A.
func (n Name) String() string { return n.text }

// text makes String. size is that of the encoded name.
func text(attributes []attribute, size int) string {
	out := make([]byte, 0, size)
	for rdn := range rdns(attributes) {
		if len(out) > 0 {
			out = append(out, ',')
		}
		out = appendRDN(out, rdn)
	}
	return string(out)
}

func appendRDN(out []byte, rdn []attribute) []byte {
	for i, a := range rdn {
		if i > 0 {
			out = append(out, '+')
		}
		out = a.append(out)
	}
	return out
}

// Value returns the first value of an attribute by the key that IOS prints
// (hostname, ipaddress, serialNumber, cn), searching from the most specific
// RDN; "" when there is none. Control characters are replaced as in String.
func (n Name) Value(key string) string {
	for rdn := range n.rdns() {
		for _, a := range rdn {
			if t, _ := a.name(); t.key == key {
				return string(appendPrintable(nil, a.text()))
			}
		}
	}
	return ""
}

// Equal compares by meaning (RFC 5280 section 7.1): string types, case and
// runs of blanks do not matter, neither does the order inside one RDN.
func (n Name) Equal(m Name) bool { return n.canonical == m.canonical }

// under says whether n begins with all of base's RDNs, each of them whole. The
// canonical form counts what stands in each, so that no value passes for the end.
func (n Name) under(base Name) bool { return strings.HasPrefix(n.canonical, base.canonical) }

// Canonical is a form in which equal names, and only those, have equal octets.
func (n Name) Canonical() string { return n.canonical }

// canonical counts and measures everything, so that no value can pass for the
// end of another. size is that of the encoded name.
func canonical(rest []attribute, size int) string {
	out := make([]byte, 0, 2*size)
	out = append(out, 'N')
	var avas [maxAVAs][]byte
	for scratch := make([]byte, 0, size); len(rest) > 0; scratch = scratch[:0] {
		n := 0
		for more := true; more; n++ {
			start := len(scratch)
			scratch = rest[n].appendCanonical(scratch)
			avas[n] = scratch[start:]
			more = !rest[n].last
		}
		rest = rest[n:]
		slices.SortFunc(avas[:n], bytes.Compare)
		out = strconv.AppendInt(append(out, '{'), int64(n), 10)
		for _, a := range avas[:n] {
			out = strconv.AppendInt(append(out, ';'), int64(len(a)), 10)
			out = append(append(out, ':'), a...)
		}
	}
	return string(out)
}
