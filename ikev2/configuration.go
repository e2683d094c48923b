package ikev2

import "github.com/obol-ike/obol/wire"

// applicationVersion is what we call ourselves where IOS has the text of show
// version.
const applicationVersion = "obol, an IKE daemon that speaks as Cisco IOS does"

// configRequest is the CFG payload of an initiator in IOS's order: what we are, and
// what of Cisco's Unity a gateway might tell.
func configRequest() wire.CPV2 {
	return wire.CPV2{Type: wire.CPRequest, Attributes: []wire.CPAttribute{
		{Type: wire.CPApplicationVersion, Value: []byte(applicationVersion)},
		{Type: wire.CPUnitySplitDNS}, {Type: wire.CPUnityBanner}, {Type: wire.CPUnityBackupServers}, {Type: wire.CPUnityDefDomain},
	}}
}

// readConfig reads the CFG payloads. A responder of ours answers none, like IOS in
// the note, and an initiator takes none of what he is given: a static tunnel has
// its addresses. What cannot be read is refused all the same.
func readConfig(payloads []wire.Payload) ([]wire.CPV2, error) {
	var out []wire.CPV2
	for _, p := range payloads {
		if p.Type != wire.PayloadCP {
			continue
		}
		c, err := wire.ParseBody(p, wire.ParseCPV2)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
