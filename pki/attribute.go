package pki

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// String types that the standard library does not name (X.680 section 8.4).
const (
	tagNumericString   = cbasn1.Tag(18)
	tagUniversalString = cbasn1.Tag(28)
	tagBMPString       = cbasn1.Tag(30)
)

// An attributeType is a type of attribute that obol knows by name.
type attributeType struct {
	oid  asn1.ObjectIdentifier
	key  string     // that IOS prints
	read []string   // the keys that subject-name accepts, lower case
	tag  cbasn1.Tag // the string type it is encoded in; 0: PrintableString, UTF8String when that does not do
}

var attributeTypes = []attributeType{
	{asn1.ObjectIdentifier{2, 5, 4, 3}, "cn", []string{"cn"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 11}, "ou", []string{"ou"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 10}, "o", []string{"o"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 7}, "l", []string{"l"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 8}, "st", []string{"st", "s"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 6}, "c", []string{"c"}, cbasn1.PrintableString},
	{asn1.ObjectIdentifier{2, 5, 4, 12}, "title", []string{"t", "title"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 42}, "givenName", []string{"gn", "givenname"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 4}, "sn", []string{"sn", "surname"}, 0},
	{asn1.ObjectIdentifier{2, 5, 4, 46}, "dnQualifier", []string{"dnq", "dnqualifier"}, cbasn1.PrintableString},
	{asn1.ObjectIdentifier{2, 5, 4, 5}, "serialNumber", []string{"serialnumber"}, cbasn1.PrintableString},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, "e", []string{"e", "ea", "email", "emailaddress"}, cbasn1.IA5String},
	{asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, "dc", []string{"dc"}, cbasn1.IA5String},
	// PKCS #9 attributes in which IOS puts the host name and the address.
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 2}, "hostname", []string{"hostname", "unstructuredname"}, cbasn1.IA5String},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 8}, "ipaddress", []string{"ipaddress", "unstructuredaddress"}, cbasn1.PrintableString},
}

// A typeName is what an encoded attribute type is called.
type typeName struct{ key, dotted string }

// typeNames has the known types by their DER: a received name is looked up, not
// decoded.
var typeNames = func() map[string]typeName {
	m := make(map[string]typeName, len(attributeTypes))
	for _, t := range attributeTypes {
		m[string(encodeOID(t.oid))] = typeName{t.key, t.oid.String()}
	}
	return m
}()

// An attribute is one AttributeTypeAndValue.
type attribute struct {
	oid   []byte // DER, tag and length included
	tag   cbasn1.Tag
	value []byte // content octets
	last  bool   // of its RDN
}

func encodeOID(oid asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid)
	return b.BytesOrPanic()
}

// name is what the attribute's type is called; an unknown one goes by its
// number. It is not ok for octets that are no object identifier.
func (a attribute) name() (_ typeName, ok bool) {
	if t, known := typeNames[string(a.oid)]; known {
		return t, true
	}
	var oid asn1.ObjectIdentifier
	der := cryptobyte.String(a.oid)
	if !der.ReadASN1ObjectIdentifier(&oid) {
		return typeName{}, false
	}
	return typeName{oid.String(), oid.String()}, true
}

// append adds key=value as IOS prints it.
func (a attribute) append(out []byte) []byte {
	t, _ := a.name()
	return appendPrintable(append(append(out, t.key...), '='), a.text())
}

// text is the value as UTF-8; a value that is no string is given in hex.
func (a attribute) text() string {
	if s, ok := a.decode(); ok {
		return s
	}
	return fmt.Sprintf("#%x", a.value)
}

// decode converts the string types to UTF-8. TeletexString is read as
// Latin-1, which is what its writers put there.
func (a attribute) decode() (string, bool) {
	switch a.tag {
	case cbasn1.UTF8String, cbasn1.PrintableString, cbasn1.IA5String, tagNumericString:
		return string(a.value), utf8.Valid(a.value)
	case cbasn1.T61String:
		runes := make([]rune, len(a.value))
		for i, c := range a.value {
			runes[i] = rune(c)
		}
		return string(runes), true
	case tagBMPString:
		if len(a.value)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(a.value)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(a.value[2*i:])
		}
		return string(utf16.Decode(units)), true
	case tagUniversalString:
		if len(a.value)%4 != 0 {
			return "", false
		}
		runes := make([]rune, len(a.value)/4)
		for i := range runes {
			runes[i] = rune(binary.BigEndian.Uint32(a.value[4*i:]))
		}
		return string(runes), true
	}
	return "", false
}

// appendCanonical folds case and blanks of a string value; other values count
// by their octets.
func (a attribute) appendCanonical(out []byte) []byte {
	t, _ := a.name()
	out = append(append(out, t.dotted...), '=')
	s, ok := a.decode()
	if !ok {
		return fmt.Appendf(out, "#%02x%x", uint8(a.tag), a.value)
	}
	start := len(out)
	blank := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			blank = len(out) > start
			continue
		}
		if blank {
			out, blank = append(out, ' '), false
		}
		out = utf8.AppendRune(out, unicode.ToLower(r))
	}
	return out
}

// appendPrintable replaces what would break a line of a log or a terminal: the
// peer chose these characters.
func appendPrintable(out []byte, s string) []byte {
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			out = utf8.AppendRune(out, r)
		case r < 0x100:
			out = fmt.Appendf(out, `\%02X`, r)
		default:
			out = fmt.Appendf(out, `\u%04X`, r)
		}
	}
	return out
}
