package xfrm

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// Probe answers on every kernel, with and without ESP and as any user, and
// names in one line what it did not find.
func TestProbeAnswers(t *testing.T) {
	f := Probe()
	line := f.Missing()
	t.Log(line)
	if strings.Contains(line, "\n") {
		t.Errorf("more than one line: %q", line)
	}
	absent := f.XFRM != nil || f.ESP != nil
	for _, err := range f.Links {
		absent = absent || err != nil
	}
	if absent && line == "" {
		t.Errorf("something is absent and nothing is said: %+v", f)
	}
}

func TestMissing(t *testing.T) {
	wrapped := fmt.Errorf("install SA: %w: %s", syscall.EPROTONOSUPPORT, "Requested type not found")
	for _, c := range []struct {
		f    Features
		want string
	}{
		{Features{}, ""},
		{Features{XFRM: fmt.Errorf("list SAs: %w", syscall.EPERM)}, "not permitted to use XFRM: this needs CAP_NET_ADMIN"},
		{Features{XFRM: errors.New("netlink protocol 6: protocol not supported")}, "no XFRM in this kernel: netlink protocol 6: protocol not supported"},
		{Features{ESP: wrapped, Links: map[ipsec.LinkKind]error{ipsec.VTI: syscall.EOPNOTSUPP, ipsec.Dummy: nil}, Encr: map[*suite.Cipher]error{suite.DES: wrapped}},
			"this kernel lacks ESP (module esp4): protocol not supported; vti interfaces (module ip_vti): operation not supported"},
		{Features{Encr: map[*suite.Cipher]error{suite.DES: syscall.ENOSYS, suite.AES: nil}, Integ: map[*suite.Integrity]error{suite.HMACMD5: syscall.ENOSYS}},
			"this kernel lacks esp-des: function not implemented; esp-md5-hmac: function not implemented"},
	} {
		if got := c.f.Missing(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}
