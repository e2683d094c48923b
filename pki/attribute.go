package pki

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// String types that the standard library does not name (X.680 section 8.4).
const (
	tagNumericString   = cbasn1.Tag(18)
	tagUniversalString = cbasn1.Tag(28)
	tagBMPString       = cbasn1.Tag(30)
)

// attributeTypes lists the attribute types with the key that IOS prints, the
// keys that subject-name accepts (lower case) and the string type they are
// encoded in.
var attributeTypes = []struct {
	oid  asn1.ObjectIdentifier
	key  string
	read []string
	tag  cbasn1.Tag // 0: PrintableString, UTF8String when that does not do
}{
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
	{oidUnstructuredName, "hostname", []string{"hostname", "unstructuredname"}, cbasn1.IA5String},
	{oidUnstructuredAddress, "ipaddress", []string{"ipaddress", "unstructuredaddress"}, cbasn1.PrintableString},
}

// PKCS #9 attributes in which IOS puts the host name and the address.
var (
	oidUnstructuredName    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 2}
	oidUnstructuredAddress = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 8}
)

// attributeKey is the key that IOS prints; an unknown type goes by its number.
func attributeKey(oid asn1.ObjectIdentifier) string {
	for _, t := range attributeTypes {
		if t.oid.Equal(oid) {
			return t.key
		}
	}
	return oid.String()
}

func (a attribute) String() string { return attributeKey(a.oid) + "=" + printable(a.text()) }

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

// canonical folds case and blanks of a string value; other values count by
// their octets.
func (a attribute) canonical() string {
	s, ok := a.decode()
	if !ok {
		return fmt.Sprintf("%s=#%02x%x", a.oid, uint8(a.tag), a.value)
	}
	return a.oid.String() + "=" + strings.ToLower(strings.Join(strings.Fields(s), " "))
}

// printable replaces what would break a line of a log or a terminal: the peer
// chose these characters.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\%02X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	return b.String()
}
