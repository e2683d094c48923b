package policy

import (
	"encoding/hex"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

// readKey gives the key of a line that may say how it is written: 0 as it is, 7
// veiled. One of type 6 is refused; write is how to write it instead.
func readKey(m *ios.Match, write string) (key suite.Key, ok bool) {
	switch text := m.Str("key"); m.Str("type") {
	case "6":
		m.Fail("type", "write the key itself: "+write, "the key is encrypted with the router's master key, which a configuration does not hold")
	case "hex":
		octets, err := hex.DecodeString(strings.TrimPrefix(m.Str("key"), "0x"))
		if err != nil || len(octets) == 0 {
			m.Fail("type", "want pairs of hex digits", "this is no key in hex")
			return nil, false
		}
		return octets, true
	case "7":
		text, ok := decodeType7(text)
		if ok {
			return suite.Key(text), true
		}
		m.Fail("type", "want two digits up to 52 and pairs of hex digits, or the key itself: "+write, "this is no string of type 7")
	default:
		return suite.Key(text), true
	}
	return nil, false
}

// type7Text is what IOS's type 7 lays over a password, from a place that the
// string's first two digits say. It hides nothing from anyone: it keeps keys
// from being read over a shoulder.
const type7Text = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// decodeType7 gives the password; false for what is no type 7 string.
func decodeType7(s string) (string, bool) {
	if len(s) < 4 || s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return "", false
	}
	at := int(s[0]-'0')*10 + int(s[1]-'0')
	text, err := hex.DecodeString(s[2:])
	if err != nil || at >= len(type7Text) {
		return "", false
	}
	for i, c := range text {
		if text[i] = c ^ type7Text[(at+i)%len(type7Text)]; text[i] < ' ' || text[i] > '~' {
			return "", false
		}
	}
	return string(text), true
}
