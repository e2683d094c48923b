package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

type ikev2ProposalPart struct {
	v2Proposals  blocks[string, ikev2ProposalDraft]
	v2Proposal   *ikev2ProposalDraft
	noV2Proposal bool // no crypto ikev2 proposal default
}

// smartDefault is the name of the proposal and the policy that IOS has without
// being told, until a no form takes them away.
const smartDefault = "default"

type ikev2ProposalDraft struct {
	IKEv2Proposal
	at  ios.Place
	prf bool // configured
}

const hashWords = "{md5 | sha1 | sha256 | sha384 | sha512}"

var ikev2ProposalCommands = []ios.Command[*builder]{
	{Syntax: "crypto ikev2 proposal name:WORD", Enter: ikev2ProposalMode, Do: ikev2Proposal},
}

var ikev2ProposalMode = (&ios.Mode[*builder]{Name: "config-ikev2-proposal", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "encryption encr:{des | 3des | aes-cbc-128 | aes-cbc-192 | aes-cbc-256 | aes-gcm-128 | aes-gcm-256 | chacha20-poly1305}...", Do: proposalEncryption},
	ios.Command[*builder]{Syntax: "integrity hash:" + hashWords + "...", Do: proposalIntegrity},
	ios.Command[*builder]{Syntax: "prf hash:" + hashWords + "...", Do: proposalPRF},
	ios.Command[*builder]{Syntax: "group group:{1 | 2 | 5 | 14 | 15 | 16 | 19 | 20 | 21 | 24 | 31}...", Do: proposalGroup},
	ios.Command[*builder]{Syntax: "additional-key-exchange kem:{ml-kem-768}", Do: proposalAdditional},
)

func ikev2Proposal(b *builder, m *ios.Match) {
	name := m.Str("name")
	if name == smartDefault {
		b.noV2Proposal = m.Form == ios.No
	}
	if m.Form != ios.Set {
		b.v2Proposals.drop(name)
		return
	}
	b.v2Proposal = b.v2Proposals.open(name, func() *ikev2ProposalDraft {
		return &ikev2ProposalDraft{at: m.Place("name"), IKEv2Proposal: IKEv2Proposal{Name: name, Pos: m.Line.Pos}}
	})
}

// proposalEncryption: a later line replaces an earlier one, as on IOS.
func proposalEncryption(b *builder, m *ios.Match) {
	b.v2Proposal.Encr = nil
	if m.Form != ios.Set {
		return
	}
	for _, word := range m.All("encr") {
		e := ikev2Encryption(word)
		if !slices.Contains(b.v2Proposal.Encr, e) {
			b.v2Proposal.Encr = append(b.v2Proposal.Encr, e)
		}
	}
}

// ikev2Encryption is a cipher by its word: aes-cbc-256.
func ikev2Encryption(word string) IKEv2Encryption {
	switch word {
	case "des":
		return IKEv2Encryption{Cipher: suite.DES}
	case "3des":
		return IKEv2Encryption{Cipher: suite.TripleDES}
	case "chacha20-poly1305":
		return IKEv2Encryption{Cipher: suite.ChaCha20Poly1305}
	}
	c := suite.AES
	if strings.HasPrefix(word, "aes-gcm") {
		c = suite.AESGCM16
	}
	bits, _ := strconv.Atoi(word[len("aes-cbc-"):]) // the grammar took these words only
	return IKEv2Encryption{c, bits}
}

func proposalIntegrity(b *builder, m *ios.Match) {
	b.v2Proposal.Integ = nil
	if m.Form != ios.Set {
		return
	}
	for _, word := range m.All("hash") {
		if i := ikev2Integrity[word]; !slices.Contains(b.v2Proposal.Integ, i) {
			b.v2Proposal.Integ = append(b.v2Proposal.Integ, i)
		}
	}
}

var ikev2Integrity = map[string]*suite.Integrity{
	"md5": suite.HMACMD5, "sha1": suite.HMACSHA1, "sha256": suite.HMACSHA256, "sha384": suite.HMACSHA384, "sha512": suite.HMACSHA512,
}

var ikev2PRF = map[string]*suite.Hash{
	"md5": suite.MD5, "sha1": suite.SHA1, "sha256": suite.SHA256, "sha384": suite.SHA384, "sha512": suite.SHA512,
}

func proposalPRF(b *builder, m *ios.Match) {
	b.v2Proposal.PRF, b.v2Proposal.prf = nil, m.Form == ios.Set
	if m.Form != ios.Set {
		return
	}
	for _, word := range m.All("hash") {
		if h := ikev2PRF[word]; !slices.Contains(b.v2Proposal.PRF, h) {
			b.v2Proposal.PRF = append(b.v2Proposal.PRF, h)
		}
	}
}

func proposalGroup(b *builder, m *ios.Match) {
	b.v2Proposal.Groups = nil
	if m.Form != ios.Set {
		return
	}
	for _, word := range m.All("group") {
		n, _ := strconv.ParseUint(word, 10, 16)
		if g, ok := suite.GroupV2(uint16(n)); ok && !slices.Contains(b.v2Proposal.Groups, g) {
			b.v2Proposal.Groups = append(b.v2Proposal.Groups, g)
		}
	}
}

// proposalAdditional is beyond IOS.
func proposalAdditional(b *builder, m *ios.Match) {
	b.v2Proposal.Additional = nil
	if m.Form == ios.Set {
		g, _ := suite.GroupV2(36)
		b.v2Proposal.Additional = []*suite.Group{g}
	}
}

// proposalMustHave is what IOS prints for an incomplete proposal.
const proposalMustHave = "IKEv2 proposal MUST either have a set of an encryption algorithm other than aes-gcm, an integrity algorithm and a DH group configured or " +
	"encryption algorithm aes-gcm, a prf algorithm and a DH group configured"

// complete fills in the PRFs and says whether the proposal can be used: ciphers
// of both kinds may not be mixed in one (RFC 5282 section 8).
func (d *ikev2ProposalDraft) complete() bool {
	combined := slices.ContainsFunc(d.Encr, func(e IKEv2Encryption) bool { return e.Cipher.Combined() })
	plain := slices.ContainsFunc(d.Encr, func(e IKEv2Encryption) bool { return !e.Cipher.Combined() })
	if !d.prf {
		for _, i := range d.Integ {
			h, _ := suite.HashV2(map[*suite.Integrity]uint16{
				suite.HMACMD5: 1, suite.HMACSHA1: 2, suite.HMACSHA256: 5, suite.HMACSHA384: 6, suite.HMACSHA512: 7,
			}[i])
			d.PRF = append(d.PRF, h)
		}
	}
	switch {
	case len(d.Groups) == 0 || len(d.PRF) == 0 || combined == plain:
		return false
	case combined:
		d.Integ = nil
		return true
	}
	return len(d.Integ) > 0
}

// fill takes from the default proposal what a configuration that names it does not
// change.
func (d *ikev2ProposalDraft) fill() {
	own := defaultIKEv2Proposal()
	if len(d.Encr) == 0 {
		d.Encr = own.Encr
	}
	if len(d.Integ) == 0 {
		d.Integ = own.Integ
	}
	if len(d.Groups) == 0 {
		d.Groups = own.Groups
	}
}

func (b *builder) finishIKEv2Proposals() {
	for _, d := range b.v2Proposals.all {
		if d.Name == smartDefault {
			d.fill()
		}
		if !d.complete() {
			b.warn(d.at, "%s; proposal %s is not used", proposalMustHave, d.Name)
			continue
		}
		b.cfg.IKEv2.Proposals = append(b.cfg.IKEv2.Proposals, &d.IKEv2Proposal)
	}
	if b.v2Proposals.get(smartDefault) == nil && !b.noV2Proposal {
		b.cfg.IKEv2.Proposals = append(b.cfg.IKEv2.Proposals, defaultIKEv2Proposal())
	}
}

// defaultIKEv2Proposal is that of IOS 15.
func defaultIKEv2Proposal() *IKEv2Proposal {
	five, _ := suite.GroupByNumber(5)
	two, _ := suite.GroupByNumber(2)
	return &IKEv2Proposal{
		Name:   smartDefault,
		Encr:   []IKEv2Encryption{{suite.AES, 256}, {suite.AES, 192}, {suite.AES, 128}},
		PRF:    []*suite.Hash{suite.SHA512, suite.SHA384, suite.SHA256, suite.SHA1, suite.MD5},
		Integ:  []*suite.Integrity{suite.HMACSHA512, suite.HMACSHA384, suite.HMACSHA256, suite.HMACSHA1, suite.HMACMD5},
		Groups: []*suite.Group{five, two},
	}
}

// ikev2ProposalNamed finds one that can be used.
func (b *builder) ikev2ProposalNamed(name string) *IKEv2Proposal {
	for _, p := range b.cfg.IKEv2.Proposals {
		if p.Name == name {
			return p
		}
	}
	return nil
}
