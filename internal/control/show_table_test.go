package control

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// configuredRouter is a router whose running configuration is not empty.
type configuredRouter struct {
	*router
	config *policy.Config
}

func (r configuredRouter) Config() *policy.Config { return r.config }

func TestShowTable(t *testing.T) {
	cfg, errs := policy.Compile(policy.Source{Name: "R1", Text: []byte(`crypto isakmp key cisco address 192.168.0.2
crypto isakmp profile prof1
 match identity address 192.168.0.2
crypto ikev2 keyring KR
 peer R2
  address 192.168.0.2
  pre-shared-key cisco
crypto ikev2 profile prof2
 match identity remote address 192.168.0.2
 authentication local pre-share
 authentication remote pre-share
 keyring local KR
crypto ipsec transform-set TS esp-3des esp-md5-hmac
crypto ipsec profile prof1
 set transform-set TS
`)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	r := configuredRouter{newRouter(t), cfg}
	r.snapshot = pki.NewSnapshot([]*pki.Trustpoint{testca.Trustpoint("IOSCA1", testca.New("CA1", 0).Enroll("R1", "192.168.0.1", "100", 2), 1)})
	r.view.Sessions = []ikev1.View{{
		ConnID: 1001, Local: netip.MustParseAddrPort("192.168.0.1:500"), Remote: netip.MustParseAddrPort("192.168.0.2:500"), State: ikev1.QMIdle.String(), Status: "ACTIVE",
		Children: []ikev1.ChildView{{Tunnel: "Tunnel1"}},
	}}
	r.view.IKEv2 = []ikev2.View{{ConnID: 3, Local: netip.MustParseAddrPort("192.168.0.1:500"), Remote: netip.MustParseAddrPort("192.168.0.2:500"), State: ikev2.Ready, Status: "READY"}}
	r.view.Stats = engine.IKEv2Stats{Incoming: 4, Exchanges: map[wire.ExchangeType]engine.Exchanged{wire.ExchangeAuth: {Requests: 9}}}
	r.view.Errors = engine.Errors{Limit: 50, Kept: []ike.Event{ikev2.PeerDead{}}}
	r.view.Tunnels = []tunnel.View{{Name: "Tunnel1", Profile: "prof1", Source: netip.MustParseAddr("192.168.0.1"), Destination: netip.MustParseAddr("192.168.0.2")}}
	r.view.Counters = engine.Counters{Dropped: 1, Malformed: 2, Unsupported: 3, UnknownSA: 4}
	for line, want := range map[string]string{
		"show crypto isakmp policy":                       "\nDefault IKE policy\nProtection suite of priority 65507\n",
		"show crypto isakmp default policy":               "\nDefault protection suite of priority 65514\n",
		"show crypto isakmp profile":                      "\nIKEv1 PROFILE prof1\n",
		"show crypto isakmp key":                          "default      192.168.0.2                                 cisco\n",
		"show crypto isakmp peers":                        "\nPeer: 192.168.0.2 Port: 500 Local: 192.168.0.1\n",
		"show crypto isakmp sa":                           "\n192.168.0.1     192.168.0.2     QM_IDLE           1001 ACTIVE\n",
		"show crypto isakmp sa detail":                    "       Engine-id:Conn-id =  SW:1\n",
		"show crypto isakmp sa count":                     "\nActive ISAKMP SA's: 1\n",
		"show crypto isakmp profile tag prof1":            "\nIKEv1 PROFILE prof1\n",
		"show crypto isakmp profile tag prof2":            "% a notice\n",
		"show crypto ipsec transform-set tag TS":          "% a notice\nTransform set TS: { esp-3des esp-md5-hmac  } \n",
		"show crypto ipsec profile tag default":           "% a notice\nIPSEC profile default\n",
		"show crypto ipsec security-association lifetime": "\nSecurity association lifetime: 4608000 kilobytes/3600 seconds\n",
		"show crypto isakmp peers 192.168.0.9":            "% a notice\n",
		"show crypto ipsec sa count":                      "\nIPsec SA total: 2, active: 2, rekeying: 0, unused: 0, invalid: 0\n",
		"show crypto ipsec sa peer 192.168.0.9":           "% a notice\n",
		"show crypto ipsec sa interface tu1":              "\ninterface: Tunnel1\n",
		"show crypto session remote 192.168.0.2":          "\nPeer: 192.168.0.2 port 500 \n",
		"show crypto call admission statistics":           "\nIKE packets dropped at dispatch:             10\n",
		"show crypto ipsec transform-set":                 "\nTransform set TS: { esp-3des esp-md5-hmac  } \n",
		"show crypto ipsec profile":                       "\nIPSEC profile prof1\n",
		"show crypto pki certificates":                    "\n  Associated Trustpoints: IOSCA1 \n",
		"show crypto pki trustpoints":                     "\nTrustpoint IOSCA1:\n",
		"show crypto key mypubkey rsa":                    "\nKey name: IOSCA1\n",
		"show crypto key mypubkey all":                    "\nKey name: IOSCA1\n",
		"show crypto key mypubkey ec":                     "% a notice\n",
		"sh cry ike prop":                                 "\n     DH Group   : DH_GROUP_1536_MODP/Group 5 DH_GROUP_1024_MODP/Group 2\n",
		"show crypto ikev2 sa":                            "\nTunnel-id Local                 Remote                fvrf/ivrf            Status\n3 ",
		"show crypto ikev2 sa detailed":                   "\n      CE id: 1003, Session-id: 3\n",
		"show crypto ikev2 sa local 192.168.0.1":          "\n3         192.168.0.1/500       192.168.0.2/500 ",
		"show crypto ikev2 sa remote 192.168.0.9 det":     "\n IPv4 Crypto IKEv2  SA\n\n IPv6 Crypto IKEv2  SA\n",
		"sh cry ike ses":                                  "\nSession-id:3, Status:UP-IDLE, IKE count:1, CHILD count:0\n",
		"show crypto ikev2 stats":                         "\nIncoming IKEv2 Requests: 4        accepted:      4        rejected:    0       \n",
		"show crypto ikev2 stats exchange":                "\nIKE_AUTH                          0          0          9          0         \n",
		"show crypto ikev2 stats timeout":                 "\nAUTH TIMER                              0\n",
		"show crypto ikev2 diagnose error":                "\nError(1): Maximum number of retransmissions reached\n",
		"show crypto ikev2 proposal default":              "\n IKEv2 proposal: default \n",
		"show crypto ikev2 proposal other":                "% a notice\n",
		"show crypto ikev2 policy default":                "\n IKEv2 policy : default\n",
		"show crypto ikev2 profile":                       "\n Keyring: KR\n",
		"show crypto ikev2 profile prof2":                 "\nIKEv2 profile: prof2\n",
	} {
		cmd, err := Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := cmd.run(&exec{ctx: t.Context(), router: r, out: &out, err: &errs})
		if code != ExitDone || errs.Len() > 0 || !strings.HasPrefix(out.String(), "% a notice\n") || !strings.Contains(out.String(), want) {
			t.Errorf("%s: exit %d, no %q in\n%s%s", line, code, want, out.String(), errs.String())
		}
		ofStore := strings.Contains(line, "pki") || strings.Contains(line, "mypubkey")
		if cmd.OnStore() != ofStore {
			t.Errorf("%s: on the store alone %v", line, cmd.OnStore())
		}
	}
}

func TestShowTableWithoutDaemon(t *testing.T) {
	id := testca.New("CA1", 0).Enroll("R1", "192.168.0.1", "100", 2)
	dir := t.TempDir()
	for _, step := range []struct {
		line, want string
		files      []File
	}{
		{"crypto pki import IOSCA1 pem", "Trustpoint IOSCA1 imported", []File{{"ca", testca.CertPEM(id.CA.Cert)}, {"cert", testca.CertPEM(id.Cert)}, {"key", id.KeyPEM()}}},
		{"show crypto pki trustpoints", "Trustpoint IOSCA1:\n", nil},
		{"show crypto key mypubkey rsa", "Key name: IOSCA1\n", nil},
	} {
		cmd, err := Parse(step.line)
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := cmd.Offline(t.Context(), Offline{Store: dir}, Request{Line: step.line, Files: step.files}, Terminal{Out: &out, Err: &errs})
		if code != ExitDone || errs.Len() > 0 || !strings.Contains(out.String(), step.want) {
			t.Errorf("%s: exit %d, no %q in\n%s%s", step.line, code, step.want, out.String(), errs.String())
		}
	}
}
