package policy

import (
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// enrolmentCommands are the lines of a trustpoint that say how its certificates are
// got over the network.
var enrolmentCommands = []ios.Command[*builder]{
	{Syntax: "enrollment url url:WORD [pem]", Do: enrollmentURL},
	{Syntax: "enrollment mode ra", Do: func(b *builder, m *ios.Match) { b.trustpoint.EnrollmentRA = m.Form == ios.Set }},
	{Syntax: "enrollment retry count <1-100>", Do: func(b *builder, m *ios.Match) { b.trustpoint.RetryCount = setInt(m) }},
	{Syntax: "enrollment retry period <1-60>", Do: func(b *builder, m *ios.Match) { b.trustpoint.RetryMinutes = setInt(m) }},
	{Syntax: "enrollment http-proxy host:WORD <1-65535>", Do: func(b *builder, m *ios.Match) {
		b.trustpoint.HTTPProxy = ""
		if m.Form == ios.Set {
			b.trustpoint.HTTPProxy = m.Str("host") + ":" + strconv.Itoa(m.Int("N"))
		}
	}},
	{Syntax: "subject-alt-name name:WORD...", Do: subjectAltName},
	// IOS wants ten percent at least, so that there is time for a renewal.
	{Syntax: "auto-enroll [<10-100>] [regenerate]", Do: autoEnroll},
	{Syntax: "regenerate", Do: func(b *builder, m *ios.Match) { b.trustpoint.Regenerate = m.Form == ios.Set }},
	{Syntax: "password [type:{0 | 7}] key:SECRET", Do: enrolmentPassword},
	{Syntax: "fingerprint hex:WORD...", Do: fingerprint},
	sourceCommand,
}

var sourceCommand = ios.Command[*builder]{Syntax: "source interface INTERFACE", Do: func(b *builder, m *ios.Match) {
	b.trustpoint.source = ref{}
	if m.Form == ios.Set {
		b.trustpoint.source = refOf(m, "INTERFACE")
	}
}}

// setInt is the number of a line, 0 of a no form.
func setInt(m *ios.Match) int {
	if m.Form != ios.Set {
		return 0
	}
	return m.Int("N")
}

// enrollmentURL keeps a URL of SCEP. Others are a router's own file systems.
func enrollmentURL(b *builder, m *ios.Match) {
	text := set(m, "url")
	b.trustpoint.EnrollmentURL = text
	b.trustpoint.Terminal, b.trustpoint.TerminalPEM, b.trustpoint.SelfSigned = false, false, false
	if text == "" {
		return
	}
	const want = "want for example http://192.168.0.3:80"
	switch u, err := url.Parse(text); {
	case err != nil:
		m.Fail("url", want, "this is no URL")
	case u.Scheme != "http":
		b.warn(m.Place("url"), "certificates are requested by http only: this trustpoint is filled with obol crypto pki import")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		m.Fail("url", want, "a host, a port and a path are all that such a URL may have")
	}
}

func subjectAltName(b *builder, m *ios.Match) {
	t := b.trustpoint
	t.AlternativeNames = nil
	if m.Form != ios.Set {
		return
	}
	for i, name := range m.All("name") {
		if !isHostName(name) {
			b.fail(m.Places("name")[i], "want a name such as R1.cisco.com", "%q is no host name", name)
			return
		}
		if !slices.Contains(t.AlternativeNames, name) {
			t.AlternativeNames = append(t.AlternativeNames, name)
		}
	}
}

// autoEnroll: without a percentage a certificate is renewed when it ends.
func autoEnroll(b *builder, m *ios.Match) {
	t := b.trustpoint
	t.AutoEnroll = 0
	if m.Form != ios.Set {
		t.Regenerate = false
		return
	}
	t.AutoEnroll = 100
	if n := m.Int("N"); n != 0 {
		t.AutoEnroll = n
	}
	t.Regenerate = t.Regenerate || m.Has("regenerate")
}

func enrolmentPassword(b *builder, m *ios.Match) {
	b.trustpoint.Password = nil
	if m.Form == ios.Set {
		b.trustpoint.Password, _ = readKey(m, "password PASSWORD")
	}
}

// fingerprint may stand in groups of digits, as IOS prints it.
func fingerprint(b *builder, m *ios.Match) {
	b.trustpoint.Fingerprint = nil
	if m.Form != ios.Set {
		return
	}
	octets, err := hex.DecodeString(strings.Join(m.All("hex"), ""))
	if err != nil || len(octets) != 16 && len(octets) != 20 && len(octets) != 32 {
		m.Fail("hex", "want 32, 40 or 64 hex digits: MD5, SHA-1 or SHA-256 of the CA certificate", "this is no fingerprint")
		return
	}
	b.trustpoint.Fingerprint = octets
}
