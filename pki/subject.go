package pki

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Host is what a subject name takes from the router.
type Host struct {
	Hostname string
	Domain   string // ip domain name
	Serial   string // !obol serial-number, or MachineSerial
}

// FQDN is the host name with the domain, "" without a host name.
func (h Host) FQDN() string {
	if h.Hostname == "" || h.Domain == "" {
		return h.Hostname
	}
	return h.Hostname + "." + h.Domain
}

// SubjectName makes the subject with which IOS would enroll: the RDNs of
// subject-name, most specific first as written, and one last RDN with serial
// number, address and host name together.
func SubjectName(s Settings, h Host) (Name, error) {
	rdns, err := parseSubject(s.SubjectName)
	if err != nil {
		return Name{}, fmt.Errorf("subject-name %q: %w", s.SubjectName, err)
	}
	slices.Reverse(rdns) // DER has the most significant one first

	var device []attribute
	add := func(key, value string) {
		a, aerr := parseAttribute(key + "=" + value)
		device, err = append(device, a), cmp.Or(err, aerr)
	}
	if s.SerialNumber && !s.SerialNumberNone && h.Serial != "" {
		add("serialNumber", h.Serial)
	}
	if s.IPAddress.IsValid() && !s.IPAddressNone {
		add("ipaddress", s.IPAddress.String())
	}
	if fqdn := s.fqdn(h); fqdn != "" {
		add("hostname", fqdn)
	}
	if err != nil {
		return Name{}, err
	}
	if len(device) > 0 {
		rdns = append(rdns, device)
	}
	if len(rdns) == 0 {
		return Name{}, errors.New("the subject would be empty: give subject-name, or fqdn")
	}
	return encodeName(rdns)
}

// QuoteValue writes a value so that no character of it is special in a subject name.
func QuoteValue(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte('\\')
		b.WriteRune(r)
	}
	return b.String()
}

// fqdn is the name of the router in its certificate, "" for none.
func (s Settings) fqdn(h Host) string {
	if s.FQDNNone {
		return ""
	}
	return cmp.Or(s.FQDN, h.FQDN())
}

// MachineSerial derives a router's serial number from the machine-id: ten
// digits at most, always the same for one machine. The machine-id is
// confidential (machine-id(5)) and cannot be found from it.
func MachineSerial(machineID string) string {
	mac := hmac.New(sha256.New, []byte(strings.TrimSpace(machineID)))
	mac.Write([]byte("obol serial-number"))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(mac.Sum(nil))), 10)
}

// parseSubject reads CN=R1,OU=IT,O=cisco,O=com into RDNs as written. A value
// may stand in double quotes, and a backslash takes the next character as it
// is; an unquoted + joins attributes into one RDN.
func parseSubject(s string) ([][]attribute, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	rdns := [][]attribute{nil}
	for rest := s; ; {
		text, stop, tail, err := nextAttribute(rest)
		if err != nil {
			return nil, err
		}
		a, err := parseAttribute(text)
		if err != nil {
			return nil, err
		}
		last := &rdns[len(rdns)-1]
		*last = append(*last, a)
		if stop == ',' {
			rdns = append(rdns, nil)
		}
		if stop == 0 {
			return rdns, nil
		}
		rest = tail
	}
}

// nextAttribute cuts KEY=value off at an unquoted comma or plus; stop is 0 at
// the end. The value comes without quotes and backslashes.
func nextAttribute(s string) (text string, stop byte, tail string, err error) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == '+') && !quoted:
			return b.String(), c, s[i+1:], nil
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return "", 0, "", errors.New("a double quote is not closed")
	}
	return b.String(), 0, "", nil
}

func parseAttribute(text string) (attribute, error) {
	key, value, ok := strings.Cut(text, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || key == "" || value == "" {
		return attribute{}, fmt.Errorf("%q is not KEY=value, as in CN=R1,O=cisco", strings.TrimSpace(text))
	}
	for _, t := range attributeTypes {
		if !slices.Contains(t.read, strings.ToLower(key)) {
			continue
		}
		a := attribute{oid: encodeOID(t.oid), tag: t.tag, value: []byte(value)}
		switch {
		case a.tag == cbasn1.IA5String && !isASCII(value), a.tag == cbasn1.PrintableString && !isPrintable(value):
			return attribute{}, fmt.Errorf("%s=%s has a character that this attribute cannot hold", key, value)
		case a.tag == 0 && isPrintable(value):
			a.tag = cbasn1.PrintableString
		case a.tag == 0:
			a.tag = cbasn1.UTF8String
		}
		return a, nil
	}
	return attribute{}, fmt.Errorf("unknown attribute %s; known are CN, OU, O, L, ST, C, E, DC, T", key)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// isPrintable says whether PrintableString holds the text (X.680 section 41.4).
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" '()+,-./:=?", r))
	})
}

// encodeName encodes RDNs given most significant first. DER sorts a SET OF by
// encoding, so that the shorter attribute of the last RDN comes first.
func encodeName(rdns [][]attribute) (Name, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, rdn := range rdns {
			avas := make([]string, len(rdn))
			for i, a := range rdn {
				avas[i] = a.encode()
			}
			slices.Sort(avas)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddBytes([]byte(strings.Join(avas, "")))
			})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return Name{}, err
	}
	return ParseName(der)
}

func (a attribute) encode() string {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(a.oid)
		b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes(a.value) })
	})
	return string(b.BytesOrPanic())
}

// simpleName makes a name of constant RDNs, most significant first.
func simpleName(rdns ...string) Name {
	parsed := make([][]attribute, len(rdns))
	for i, r := range rdns {
		a, err := parseAttribute(r)
		if err != nil {
			panic(err)
		}
		parsed[i] = []attribute{a}
	}
	n, err := encodeName(parsed)
	if err != nil {
		panic(err)
	}
	return n
}
