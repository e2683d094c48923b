package ioslog

import (
	"fmt"
	"strings"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

func ikev2PolicyFound(e ikev2.PolicyFound) []Line {
	lines := ikev2Plain("Searching Policy with fvrf 0, local address %s", strings.ToUpper(e.Local.Addr().String()))
	if e.Smart {
		lines = join(lines, ikev2Plain("Using the Default Policy for Proposal"))
	}
	if e.Policy == "" {
		return join(lines, ikev2Error(e.SA, ": Failed to find a matching policy"))
	}
	return join(lines, ikev2Plain("Found Policy '%s'", e.Policy))
}

// ikev2KeyringSearched: a profile with a key of its own asks no keyring.
func ikev2KeyringSearched(e ikev2.KeyringSearched) []Line {
	if e.Keyring == "" {
		return nil
	}
	lines := ikev2Plain("%% Getting preshared key from profile keyring %s", e.Keyring)
	if e.Block == "" {
		return lines
	}
	return join(lines, ikev2Plain("%% Matched peer block '%s'", e.Block))
}

// transformWord is IOS's name for a transform.
func transformWord(t wire.TransformV2) string {
	word := ""
	switch {
	case t.Type == wire.TransformEncr:
		if c, ok := suite.CipherV2(t.ID); ok {
			word = c.IKEv2
		}
	case t.Type == wire.TransformPRF:
		if h, ok := suite.HashV2(t.ID); ok {
			word = h.IKEv2
		}
	case t.Type == wire.TransformInteg:
		if i, ok := suite.IntegrityV2(t.ID); ok {
			word = i.IKEv2
		}
	case t.Type == wire.TransformESN:
		word = map[uint16]string{0: "Don't use ESN", 1: "Use ESN"}[t.ID]
	default:
		if g, ok := suite.GroupV2(t.ID); ok {
			word = g.IKEv2
		}
	}
	if word == "" {
		return fmt.Sprintf("%s_%d", t.Type, t.ID)
	}
	return word
}

// ikev2ProposalBuilt is a proposal as IOS prints it: without key sizes.
func ikev2ProposalBuilt(e ikev2.ProposalBuilt) []Line {
	kind := e.Proposal.Protocol.String()
	purpose := "IPSec negotiation"
	if e.Proposal.Protocol == wire.ProtocolISAKMP {
		kind, purpose = "IKE", "initial negotiation"
		if len(e.Proposal.SPI) > 0 {
			purpose = "IKE rekey"
		}
	}
	var all strings.Builder
	for _, t := range e.Proposal.Transforms {
		all.WriteString("   " + transformWord(t))
	}
	return blank(ikev2Line(e.SA, "%s", rows(
		fmt.Sprintf("%s Proposal: %d, SPI size: %d (%s), ", kind, e.Proposal.Number, len(e.Proposal.SPI), purpose),
		fmt.Sprintf("Num. transforms: %d", len(e.Proposal.Transforms)),
		all.String()+" ")))
}

// ikev2OfferRefused shows both sides, so that what differs is seen.
func ikev2OfferRefused(e ikev2.OfferRefused) []Line {
	return join(
		ikev2Error(e.SA, "%s", policies("Received Policies: ", e.Received)),
		ikev2Error(e.SA, "%s", policies("Expected Policies: ", e.Expected)))
}

func policies(title string, offer wire.SAV2) string {
	lines := []string{title + ": Failed to find a matching policy"}
	for _, p := range offer {
		text := fmt.Sprintf("Proposal %d: ", p.Number)
		for _, of := range []struct {
			t    wire.TransformType
			word string
		}{{wire.TransformEncr, "ENCRYPTION"}, {wire.TransformPRF, "PRF"}, {wire.TransformInteg, "INTEGRITY"}, {wire.TransformKE, "DH GROUP"}, {wire.TransformESN, "ESN"}} {
			transforms := p.Of(of.t)
			if len(transforms) == 0 {
				continue
			}
			text += " " + of.word + ":"
			for _, t := range transforms {
				text += " " + transformWord(t)
				if t.KeyBits > 0 {
					text += fmt.Sprintf("-%d", t.KeyBits)
				}
			}
		}
		lines = append(lines, text)
	}
	return rows(lines...)
}

func ikev2NATChecked(e ikev2.NATChecked) []Line {
	lines := ikev2Line(e.SA, "Checking NAT discovery")
	if !e.Self && !e.Peer {
		return join(lines, ikev2Line(e.SA, "NAT not found"))
	}
	if e.Self {
		lines = join(lines, ikev2Line(e.SA, "NAT INSIDE found"))
	}
	if e.Peer {
		lines = join(lines, ikev2Line(e.SA, "NAT OUTSIDE found"))
	}
	return lines
}

func ikev2Floated(e ikev2.PortFloated) []Line {
	i, r := e.Local, e.Remote
	if e.Role == ikev2.Responder {
		i, r = r, i
	}
	return ikev2Line(e.SA, "NAT detected float to init port %d, resp port %d", i.Port(), r.Port())
}

func ikev2DHComputed(e ikev2.DHComputed) []Line {
	what, queued := "public", "key"
	if e.Secret {
		what, queued = "secret", "secret"
	}
	return join(
		ikev2Line(e.SA, "[IKEv2 -> Crypto Engine] Computing DH %s key, DH Group %d", what, e.Group.Number),
		ikev2Line(e.SA, "[Crypto Engine -> IKEv2] DH key Computation PASSED"),
		ikev2Line(e.SA, "Request queued for computation of DH %s", queued))
}
