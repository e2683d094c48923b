package control

import (
	"strings"
	"testing"
)

// understood are lines with and without abbreviation.
var understood = []string{
	"show crypto isakmp sa", "sh cry isa sa", "show crypto isakmp sa detail", "sh cry isa sa det",
	"show crypto ipsec sa", "sh cr ips sa", "show crypto session", "sh cry ses d",
	"show crypto ipsec sa detail", "show crypto ipsec sa peer 192.168.0.2", "sh cry ips sa pe 192.168.0.2 d", "sh cry ips sa int tu1", "show crypto ipsec sa interface Tunnel 1 detail",
	"show crypto isakmp profile tag P", "sh cry ips tr tag TS", "show crypto ipsec profile tag P", "sh cry ips sec life", "sh cry isa pe 192.168.0.2",
	"show crypto ipsec sa count", "sh cry ips sa c", "sh cry ses rem 192.168.0.2", "sh cry ses int tu1 det", "sh cry call adm stat", "sh cry isa sa | i QM",
	"show crypto isakmp sa count", "sh cry isa sa c", "show crypto isakmp peers", "sh cry isa pe", "show crypto isakmp key", "sh cry isa k",
	"show crypto isakmp policy", "sh cry isa pol", "show crypto isakmp default policy", "sh cry isa def pol", "show crypto isakmp profile", "sh cry isa pr",
	"show crypto ipsec transform-set", "sh cry ips tr", "show crypto ipsec profile", "sh cry ips p",
	"show crypto pki certificates", "sh cry pk cert", "show crypto pki trustpoints", "sh cry pk trustpoi", "show crypto key mypubkey rsa", "sh cry k m r",
	"clear crypto isakmp", "cl cry isa 1001", "clear crypto sa", "clear crypto sa peer 192.168.0.2",
	"clear crypto session", "cl cr ses rem 192.168.0.2", "cl cry ike sa", "cl cry ike st",
	"debug crypto isakmp", "deb cry ipsec", "deb cry isa pki", "deb cry ike", "debug crypto ikev2 error", "deb cry ike int pack",
	"undebug all", "un all", "no debug all", "undeb cry isa", "no debug crypto ikev2", "no deb cry ike err", "undebug crypto ikev2 packet", "show debugging", "sh deb",
	"clear crypto ikev2 sa fast", "cl cry ike sa rem 192.168.0.2 f",
	"initiate Tunnel1", "init tu1 wait 90", "initiate Tunnel 1 verbose", "initiate Tunnel1 wait 0 verbose", "rekey ipsec Tunnel1", "rek ik tu1 wait 0",
	"crypto pki import IOSCA1 pem", "cry pki imp IOSCA1 pkcs12 /root/my file.p12", "crypto pki crl import IOSCA1 ca1.crl",
	"SHOW CRYPTO ISAKMP SA",
}

func TestUnderstood(t *testing.T) {
	for _, line := range understood {
		c, err := Parse(line)
		if err != nil {
			t.Errorf("%q:\n%v", line, err)
			continue
		}
		if c.run == nil {
			t.Errorf("%q: nothing to run", line)
		}
	}
}

func TestNotUnderstood(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"show crypto isakmp sx", "show crypto isakmp sx\n                   ^\n% Invalid input detected at '^' marker."},
		{"shw", "shw\n^\n% Invalid input detected at '^' marker."},
		{"show crypto isakmp sa detail more", "show crypto isakmp sa detail more\n                             ^\n% Invalid input detected at '^' marker."},
		{"clear crypto sa peer 1.2.3", "clear crypto sa peer 1.2.3\n                     ^\n% Invalid input detected at '^' marker."},
		{"clear crypto isakmp 99999999999", "clear crypto isakmp 99999999999\n                    ^\n% Invalid input detected at '^' marker."},
		{"show crypto", "% Incomplete command."},
		{"c crypto isakmp", `% Ambiguous command:  "c crypto isakmp"`},
		{"no undebug all", `% "no" does not go with undebug, nor default with debug`},
		{"debug all", "% debug all is not there: say what of crypto is to be debugged"},
		{"no clear crypto sa", `% "no" is for configurations, not for commands`},
		{"", "% Incomplete command.\n% want show, crypto, configure, clear, debug, undebug, initiate or rekey"},
	} {
		c, err := Parse(test.line)
		if err == nil {
			t.Errorf("%q: understood as %+v", test.line, c)
			continue
		}
		if !strings.HasPrefix(err.Error()+"\n", test.want+"\n") {
			t.Errorf("%q:\ngot\n%v\nwant\n%s", test.line, err, test.want)
		}
	}
}

func TestImportsSayWhatTheyNeed(t *testing.T) {
	for line, want := range map[string]Command{
		"crypto pki import IOSCA1 pem":              {Import: ImportPEM, trustpoint: "IOSCA1"},
		"crypto pki import IOSCA1 pkcs12 my r1.p12": {Import: ImportPKCS12, trustpoint: "IOSCA1", File: "my r1.p12"},
		"crypto pki crl import IOSCA1 ca1.crl":      {Import: ImportCRL, trustpoint: "IOSCA1", File: "ca1.crl"},
	} {
		c, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		if c.Import != want.Import || c.trustpoint != want.trustpoint || c.File != want.File || !c.OnStore() {
			t.Errorf("%q: %+v, want %+v", line, c, want)
		}
	}
}
