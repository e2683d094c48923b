package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/wire"
)

// crypto isakmp peer: a name and a key together begin aggressive mode, one alone is
// told of, and what is no name is refused.
func TestISAKMPPeer(t *testing.T) {
	for _, c := range []struct {
		lines  string
		id     wire.IDType // 0: no aggressive mode
		name   string
		remark string // of a warning, or of the error
	}{
		{" set aggressive-mode client-endpoint fqdn branch.example.org\n set aggressive-mode password s3cret", wire.IDFQDN, "branch.example.org", ""},
		{" set aggressive-mode password 0 s3cret\n set aggressive-mode client-endpoint user-fqdn branch@example.org", wire.IDUserFQDN, "branch@example.org", ""},
		{" set aggressive-mode client-endpoint ipv4-address 192.0.2.9\n set aggressive-mode password s3cret", wire.IDIPv4Addr, "\xc0\x00\x02\x09", ""},
		{" set aggressive-mode client-endpoint fqdn branch.example.org", 0, "", "2:28: aggressive mode begins with"},
		{" set aggressive-mode password s3cret", 0, "", "2:28: aggressive mode begins with"},
		{" description x", 0, "", ""},
		{" set aggressive-mode client-endpoint fqdn a\n set aggressive-mode password s3cret\n no set aggressive-mode password", 0, "", "with one alone peer 192.0.2.1 is as any other"},
		{" set aggressive-mode client-endpoint user-fqdn branch", 0, "", "\"branch\" is no user-fqdn"},
		{" set aggressive-mode password 6 s3cret", 0, "", "encrypted with the router's master key"},
		{" set aggressive-mode password 7 s3cret", 0, "", "no string of type 7"},
		{" set aggressive-mode client-endpoint fqdn a\n set aggressive-mode password 7 071C724F5C0C0D", wire.IDFQDN, "a", ""},
		{" set aggressive-mode client-endpoint fqdn a\n set aggressive-mode password s3cret\nno crypto isakmp peer address 192.0.2.1", 0, "", ""},
	} {
		config, errs := Compile(Source{"r1.cfg", []byte("hostname R1\ncrypto isakmp peer address 192.0.2.1\n" + c.lines + "\n")})
		told := ""
		if errs != nil {
			told = errs.Error()
		} else {
			for _, w := range config.Warnings {
				told += w.Pos.String() + ": " + w.Text + "\n"
			}
		}
		if strings.Contains(told, "s3cret") || !strings.Contains(told, c.remark) || c.remark == "" && told != "" {
			t.Errorf("%s\nsays %q, want %q", c.lines, told, c.remark)
		}
		if errs != nil {
			continue
		}
		p := config.AggressivePeer(netip.MustParseAddr("192.0.2.1"))
		if (p != nil) != (c.id != 0) {
			t.Errorf("%s\naggressive mode: %v", c.lines, p != nil)
		}
		if p != nil && (p.Endpoint.Type != c.id || string(p.Endpoint.Data) != c.name || string(p.Key().Key.Key) != "s3cret") {
			t.Errorf("%s\ngives %+v", c.lines, p.Endpoint)
		}
		if config.AggressivePeer(netip.MustParseAddr("192.0.2.2")) != nil {
			t.Error("another peer has it too")
		}
	}
}
