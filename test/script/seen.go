package script

import "regexp"

// Seen is what one router chose in a negotiation, "" when it chose none.
type Seen struct{ Profile, Trustpoint string }

// Field is the profile or the trustpoint, none when there is none.
func (s Seen) Field(word string) string {
	value := s.Profile
	if word == "trustpoint" {
		value = s.Trustpoint
	}
	if value == "" {
		return "none"
	}
	return value
}

var (
	profileLines = []*regexp.Regexp{
		regexp.MustCompile(`SA request profile is (\S+)`), // an initiator's
		regexp.MustCompile(`peer matches (\S+) profile`),
		regexp.MustCompile(`Choosing IKE profile (\S+)`), // likewise, of version 2
		regexp.MustCompile(`found matching IKEv2 profile '([^']+)'`),
	}
	trustpointLines = []*regexp.Regexp{
		regexp.MustCompile(`Choosing trustpoint (\S+) as issuer`), // which it would sign with
		regexp.MustCompile(`using the (\S+) trustpoint's keypair to sign`),
		regexp.MustCompile(`Getting cert chain for the trustpoint (\S+)`),
	}
)

// See reads it out of a router's debug lines.
func See(lines []string) (s Seen) {
	for _, line := range lines {
		for _, re := range profileLines {
			if m := re.FindStringSubmatch(line); m != nil {
				s.Profile = m[1]
			}
		}
		for _, re := range trustpointLines {
			if m := re.FindStringSubmatch(line); m != nil {
				s.Trustpoint = m[1]
			}
		}
	}
	return s
}
