package lab

import (
	"fmt"
	"strings"
	"testing"
)

// shown is what a router prints, with what a terminal puts around it.
const shown = `R1#show crypto pki certificates
Certificate
  Status: Available
  Certificate Serial Number (hex): 03
  Certificate Usage: General Purpose
  Issuer: 
    cn=CA2
    o=cisco
    o=com
  Subject:
    Name: R1.cisco.com
    IP Address: 192.168.0.1
    Serial Number: 100
    serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com
    cn=R1
    ou=IT
    o=cisco
    o=com
  CRL Distribution Points: 
    http://192.168.0.4/cdp?op=GetCRL
  Validity Date: 
    start date: 13:25:01 UTC Jun 17 2013
    end   date: 13:25:01 UTC Jun 17 2014
  Associated Trustpoints: IOSCA2 

Certificate
  Status: Available
  Certificate Serial Number (hex): 02
  Issuer: 
    cn=CA1
    o=cisco
    o=com
  Subject:
    Name: R1.cisco.com
    cn=R1
  Associated Trustpoints: IOSCA1 

CA Certificate
  Status: Available
  Issuer: 
    cn=CA2
    o=cisco
    o=com
  Subject: 
    cn=CA2
    o=cisco
    o=com
  Associated Trustpoints: IOSCA2 

CA Certificate
  Subject: 
    cn=CA3
    o=cisco
  Associated Trustpoints: IOSCA3

Router Self-Signed Certificate
  Status: Available
  Subject:
    cn=IOS-Self-Signed-Certificate-1
  Associated Trustpoints: TP-self-signed-1
R1#
`

func TestSaved(t *testing.T) {
	s, err := parseSaved(Saved{File: "r1.txt", Text: []byte(strings.ReplaceAll(shown, "\n", "\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.certificates {
		got = append(got, fmt.Sprintf("%v %s of %s, %v", c.ca, c.subject, c.issuer, c.trustpoints))
	}
	want := []string{
		"false serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com of cn=CA2,o=cisco,o=com, [IOSCA2]",
		"false cn=R1 of cn=CA1,o=cisco,o=com, [IOSCA1]",
		"true cn=CA2,o=cisco,o=com of cn=CA2,o=cisco,o=com, [IOSCA2]",
		"true cn=CA3,o=cisco of , [IOSCA3]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("read as\n%s", strings.Join(got, "\n"))
	}
	for name, ca := range map[string]string{"IOSCA1": "cn=CA1,o=cisco,o=com", "IOSCA2": "cn=CA2,o=cisco,o=com", "IOSCA3": "cn=CA3,o=cisco", "TP-self-signed-1": ""} {
		if got := s.authority(name).String(); got != ca {
			t.Errorf("%s is of %q, want %q", name, got, ca)
		}
	}
}

func TestSavedIsNone(t *testing.T) {
	for _, text := range []string{"", "hostname R1\n", "Certificate\n  Status: Available\n", strings.Repeat("CA Certificate\n", maxSavedBlocks+1), strings.Repeat("x", maxSaved+1)} {
		if _, err := parseSaved(Saved{File: "r1.txt", Text: []byte(text)}); err == nil || !strings.HasPrefix(err.Error(), "r1.txt") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// What is cut anywhere is read, or refused in one line.
func FuzzSaved(f *testing.F) {
	for i := 0; i < len(shown); i += 37 {
		f.Add([]byte(shown[:i]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSaved(Saved{File: "f", Text: text})
		switch {
		case err != nil && (s != nil || strings.Contains(err.Error(), "\n")):
			t.Errorf("%v", err)
		case err == nil && len(s.certificates) == 0:
			t.Error("nothing is read, and nothing said")
		}
	})
}

// The saved output says the order, and the names of the CAs.
func TestSavedDecides(t *testing.T) {
	p := changed(t, "note/ikev1-", "R1: !obol enrolled IOSCA1 IOSCA2 => ")
	first, second := p.Routers[0].Source, p.Routers[1].Source
	first.Saved = &Saved{File: "r1.txt", Text: []byte(shown)}
	p, err := Prepare(first, second, day)
	if err != nil {
		t.Fatal(err)
	}
	if o := p.Routers[0].Order; strings.Join(o.Trustpoints, " ") != "IOSCA1 IOSCA2" || !o.Known || o.Where.File != "r1.txt" {
		t.Errorf("order %+v", o)
	}
	// R2, of which nothing is saved, has the CAs of R1's trustpoints.
	if got := p.Routers[1].Snapshot.Lookup("IOSCA1").Identity.Issuer.String(); got != "cn=CA1,o=cisco,o=com" {
		t.Errorf("R2's IOSCA1 is of %s", got)
	}
	r := ran(t, p)
	if got := outcome(r.Directions[0]) + ", " + outcome(r.Directions[1]); got != "up, MM5 CERT_NOT_IN_PROFILE" {
		t.Error(got)
	}
}
