package ioslog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// TestRequests has what the IPsec engine and ISAKMP say to each other.
func TestRequests(t *testing.T) {
	sa := initiator(1001, ikev1.QMIdle)
	out := ipsec.SA{
		Direction: ipsec.Out, Encr: suite.TripleDES, Integ: suite.HMACMD5, Hard: ipsec.Lifetime{},
		Selector: ipsec.Selector{Local: gre.Local, Remote: gre.Remote},
	}
	out.SAID = ipsec.SAID{Src: sa.Local.Addr(), Dst: sa.Remote.Addr(), SPI: 0x100, Protocol: ipsec.ESP}
	in := out
	in.Direction = ipsec.In
	for _, c := range []struct {
		name  string
		event ike.Event
		want  string
	}{
		{"no certificate", ikev1.NotStarted{SA: initiator(0, ikev1.MMNoState), NoKey: true}, `ISAKMP:(0): No Cert or pre-shared address key. 
ISAKMP:(0): construct_initial_message: Can not start Main mode
ISAKMP: Error while processing SA request: Failed to initialize SA
ISAKMP: Error while processing KMI message 0, error 2.`},
		{"no policy", ikev1.NotStarted{SA: initiator(0, ikev1.MMNoState)}, `ISAKMP:(0): construct_initial_message: Can not start Main mode
ISAKMP: Error while processing SA request: Failed to initialize SA
ISAKMP: Error while processing KMI message 0, error 2.`},
		{"aggressive mode", ikev1.NotStarted{SA: initiator(0, ikev1.MMNoState), Exchange: wire.ExchangeAggressive}, `ISAKMP:(0): construct_initial_message: Can not start Aggressive mode
ISAKMP: Error while processing SA request: Failed to initialize SA
ISAKMP: Error while processing KMI message 0, error 2.`},
		{"quick mode over a standing SA", ikev1.QuickRequested{SA: sa, Tunnel: "Tunnel1"}, `ISAKMP: set new node 0 to QM_IDLE      
ISAKMP:(1001):SA has outstanding requests  (local 192.168.0.1 port 500, remote 192.168.0.2 port 500)
ISAKMP:(1001):sitting IDLE. Starting QM immediately (QM_IDLE      )`},
		{"node of the peer", ikev1.NodeCreated{SA: sa, MessageID: 7}, `ISAKMP: set new node 7 to QM_IDLE      `},
		{"node purged", ikev1.NodePurged{SA: sa, MessageID: 7}, `ISAKMP:(1001):purging node 7`},
		{"informational read", ikev1.InformationalRead{SA: sa, MessageID: 7}, `ISAKMP:(1001):deleting node 7 error FALSE reason "Informational (in) state 1"`},
		{"AH in transport mode", ikev1.IPsecTransformChecked{
			SA: sa, Proposal: 2, Protocol: wire.ProtocolAH, Selector: gre, Set: &policy.TransformSet{AH: suite.HMACSHA1, Mode: ipsec.Transport},
			Transform: wire.TransformV1{Number: 1, ID: suite.HMACSHA1.AH, Attributes: []wire.Attribute{{Type: wire.IPsecAttrEncaps, Value: uint64(wire.EncapsTransport)}}},
		}, `ISAKMP:(1001):Checking IPSec proposal 2
ISAKMP: transform 1, AH_SHA
ISAKMP:   attributes in transform:
ISAKMP:      encaps is 2 (Transport)
ISAKMP:(1001):atts are acceptable.
IPSEC(validate_proposal_request): proposal part #1
IPSEC(validate_proposal_request): proposal part #1,
  (key eng. msg.) INBOUND local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0,
    protocol= AH, transform= ah-sha-hmac  (Transport), 
    lifedur= 0s and 0kb, 
    spi= 0x0(0), conn_id= 0, keysize= 0, flags= 0x0`},
		{"the outbound SA", ikev1.IPsecInstalled{SA: sa, Child: out, Tunnel: "Tunnel1"}, `IPSEC(create_sa): sa created,
  (sa) sa_dest= 192.168.0.2, sa_proto= 50, 
    sa_spi= 0x100(256), 
    sa_trans= esp-3des esp-md5-hmac , sa_conn_id= 1001
    sa_lifetime(k/sec)= (0/0),
  (identity) local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/256/0,
    remote_proxy= 192.168.0.2/255.255.255.255/256/0`},
		{"asked again", engine.RequestTimer{Tunnel: "Tunnel1", Count: 2, Local: sa.Local.Addr(), Remote: sa.Remote.Addr(), Selector: gre}, `IPSEC(key_engine): request timer fired: count = 2,
  (identity) local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0`},
		{"enabled", ike.ChildUp{Tunnel: "Tunnel1", In: in, Out: out}, `IPSEC(key_engine): got a queue event with 1 KMI message(s)
IPSEC(key_engine_enable_outbound): rec'd enable notify from ISAKMP`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, text(t, c.event)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
	// IOS searches the map of any protocol with 256.
	for _, l := range Lines(ike.Report{Event: ikev1.IPsecInstalled{SA: sa, Child: in, Tunnel: "Tunnel1"}}) {
		if strings.HasPrefix(l.Text, "Crypto mapdb") && !strings.Contains(l.Text, "\n\tprotocol     : 256\n") {
			t.Errorf("any protocol: %s", l.Text)
		}
	}
}
