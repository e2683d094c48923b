package pki_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// The lengths of the CERTREQ payloads in the note's captures: payload header of
// 4 octets, encoding of 1, and the DER of the name.
func TestCertificateRequestLengths(t *testing.T) {
	want := []struct {
		name string
		len  int
	}{
		{"cn=CA2,o=cisco,o=com", 51},
		{"cn=CA1,o=cisco,o=com", 51},
		{"ou=Class 3 Public Primary Certification Authority,o=VeriSign, Inc.,c=US", 102},
		{"cn=Cisco SSCA2,o=Cisco Systems", 53},
		{"cn=Cisco Manufacturing CA,o=Cisco Systems", 64},
		{"cn=Cisco Root CA 2048,o=Cisco Systems", 60},
		{"cn=Cisco Root CA M1,o=Cisco", 50},
	}
	requests := testca.NewNote().R1().CertificateRequests(nil)
	if len(requests) != len(want) {
		t.Fatalf("%d requests, want %d", len(requests), len(want))
	}
	total := 0
	for i, w := range want {
		n := len(requests[i].Name.DER()) + 5
		total += n
		if requests[i].Name.String() != w.name || n != w.len {
			t.Errorf("request %d: %s of %d octets, want %s of %d", i, requests[i].Name, n, w.name, w.len)
		}
	}
	if total != 431 {
		t.Errorf("%d octets in all, want 431", total)
	}
}

func TestSubjectName(t *testing.T) {
	r1 := pki.Settings{
		SubjectName: "CN=R1,OU=IT,O=cisco,O=com", SerialNumber: true,
		FQDN: "R1.cisco.com", IPAddress: netip.MustParseAddr("192.168.0.1"),
	}
	host := pki.Host{Hostname: "R1", Domain: "cisco.com", Serial: "100"}
	with := func(change func(*pki.Settings)) pki.Settings {
		s := r1
		change(&s)
		return s
	}
	for _, c := range []struct {
		what     string
		settings pki.Settings
		want     string
	}{
		{"the note's", r1, "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"},
		{"fqdn from hostname", with(func(s *pki.Settings) { s.FQDN = "" }), "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"},
		{"fqdn none", with(func(s *pki.Settings) { s.FQDNNone = true }), "serialNumber=100+ipaddress=192.168.0.1,cn=R1,ou=IT,o=cisco,o=com"},
		{"serial-number none", with(func(s *pki.Settings) { s.SerialNumberNone = true }), "ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"},
		{"ip-address none", with(func(s *pki.Settings) { s.IPAddressNone = true }), "serialNumber=100+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"},
		{"no subject-name", with(func(s *pki.Settings) { s.SubjectName = ""; s.IPAddress = netip.Addr{} }), "serialNumber=100+hostname=R1.cisco.com"},
		{"blanks and lower case", with(func(s *pki.Settings) { s.SubjectName = "cn = R1 , o= Example Corp" }), "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,o=Example Corp"},
		{"quotes and escapes", with(func(s *pki.Settings) { s.SubjectName = `CN="R1, the first",O=A\,B` }), "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1, the first,o=A,B"},
		{"UTF-8 and e-mail", with(func(s *pki.Settings) { s.SubjectName = "CN=Zürich,E=a@b.ch,C=CH" }), "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=Zürich,e=a@b.ch,c=CH"},
	} {
		n, err := pki.SubjectName(c.settings, host)
		if err != nil || n.String() != c.want {
			t.Errorf("%s: %s, %v, want %s", c.what, n, err, c.want)
		}
	}
	n, err := pki.SubjectName(r1, host)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com", "cn=R1", "ou=IT", "o=cisco", "o=com"}; !slices.Equal(n.Lines(), want) {
		t.Errorf("lines %q, want %q", n.Lines(), want)
	}
	for key, want := range map[string]string{"hostname": "R1.cisco.com", "ipaddress": "192.168.0.1", "serialNumber": "100", "o": "cisco", "l": ""} {
		if got := n.Value(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestSubjectNameRefused(t *testing.T) {
	for words, want := range map[string]string{
		"R1":         `"R1" is not KEY=value`,
		"CN=":        `is not KEY=value`,
		"CN=R1,":     `is not KEY=value`,
		"XY=1":       "unknown attribute XY",
		`CN="R1`:     "quote is not closed",
		"C=Schweiß":  "cannot hold",
		"E=ä@b":      "cannot hold",
		"CN=R1,=com": "is not KEY=value",
	} {
		if _, err := pki.SubjectName(pki.Settings{SubjectName: words}, pki.Host{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", words, err, want)
		}
	}
	if _, err := pki.SubjectName(pki.Settings{}, pki.Host{}); err == nil {
		t.Error("an empty subject is accepted")
	}
}

func TestNameEqual(t *testing.T) {
	rdn := func(tag byte, oid []byte, value string) []byte {
		v := append([]byte{tag, byte(len(value))}, value...)
		ava := append(append([]byte{6, byte(len(oid))}, oid...), v...)
		ava = append([]byte{0x30, byte(len(ava))}, ava...)
		set := append([]byte{0x31, byte(len(ava))}, ava...)
		return append([]byte{0x30, byte(len(set))}, set...)
	}
	cn, o := []byte{0x55, 4, 3}, []byte{0x55, 4, 10}
	parse := func(der []byte) pki.Name {
		n, err := pki.ParseName(der)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	a := parse(rdn(19, cn, "Root CA"))
	for what, n := range map[string]pki.Name{
		"UTF8String": parse(rdn(12, cn, "Root CA")), "case": parse(rdn(19, cn, "rOOT ca")), "blanks": parse(rdn(12, cn, "  Root   CA ")),
		"BMPString": parse(rdn(30, cn, "\x00R\x00o\x00o\x00t\x00 \x00C\x00A")), "T61String": parse(rdn(20, cn, "Root CA")),
	} {
		if !a.Equal(n) || a.Canonical() != n.Canonical() {
			t.Errorf("%s: %s and %s differ", what, a, n)
		}
	}
	for what, n := range map[string]pki.Name{
		"value": parse(rdn(19, cn, "Root CB")), "type": parse(rdn(19, o, "Root CA")), "no string": parse(rdn(4, cn, "Root CA")),
		"joined": parse(rdn(19, cn, "RootCA")), "empty": parse([]byte{0x30, 0}), "zero": {},
	} {
		if a.Equal(n) {
			t.Errorf("%s: %s and %s are equal", what, a, n)
		}
	}
	if (pki.Name{}).Equal(parse([]byte{0x30, 0})) {
		t.Error("no name equals the empty name")
	}
}

// A peer's name must not break lines of the log, nor reach the terminal.
func TestNamePrintsNoControlCharacters(t *testing.T) {
	der := []byte("\x30\x17\x31\x15\x30\x13\x06\x03\x55\x04\x03\x0c\x0ca\nb\x1b[2J\xe2\x80\xaez\x00")
	n, err := pki.ParseName(der)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := n.String(), `cn=a\0Ab\1B[2J\u202Ez\00`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNameCut(t *testing.T) {
	der := testca.RouterName("R1", "192.168.0.1", "100").DER()
	for i := range der {
		if n, err := pki.ParseName(der[:i]); err == nil {
			t.Errorf("%d of %d octets parse as %s", i, len(der), n)
		}
	}
	if _, err := pki.ParseName(append(der, 0)); err == nil {
		t.Error("an octet too many is accepted")
	}
}

func TestNameLimits(t *testing.T) {
	one := []byte{0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 19, 2, 'C', 'A'}
	long := func(count int) []byte {
		body := []byte(strings.Repeat(string(one), count))
		return append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
	}
	if _, err := pki.ParseName(long(64)); err != nil {
		t.Error(err)
	}
	if _, err := pki.ParseName(long(65)); err == nil {
		t.Error("65 relative names are accepted")
	}
}

func TestMachineSerial(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	s := pki.MachineSerial(id)
	if s != pki.MachineSerial(id+"\n") || s == pki.MachineSerial("1"+id[1:]) {
		t.Error("not a function of the machine-id alone")
	}
	if len(s) == 0 || len(s) > 10 || strings.Trim(s, "0123456789") != "" {
		t.Errorf("%q is not a number of at most ten digits", s)
	}
}
