package policy

import (
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

type transformSetPart struct {
	transforms blocks[string, transformSetDraft]
	transform  *transformSetDraft
}

type transformSetDraft struct {
	TransformSet
	at     ios.Place
	unable string // why it can not be negotiated, "" when it can
}

// transformWords has esp-chacha20-poly1305 beyond IOS.
const transformWords = "{ah-md5-hmac | ah-sha-hmac | ah-sha256-hmac | ah-sha384-hmac | ah-sha512-hmac" +
	" | esp-des | esp-3des | esp-aes [128 | 192 | 256] | esp-null | esp-seal | esp-gcm [128 | 192 | 256] | esp-gmac [128 | 192 | 256] | esp-chacha20-poly1305" +
	" | esp-md5-hmac | esp-sha-hmac | esp-sha256-hmac | esp-sha384-hmac | esp-sha512-hmac | comp-lzs}"

var transformSetCommands = []ios.Command[*builder]{
	{Syntax: "crypto ipsec transform-set name:WORD " + transformWords + "...", Enter: transformSetMode, Do: transformSet},
	{Syntax: "crypto ipsec default transform-set", Do: noEffect},
}

var transformSetMode = (&ios.Mode[*builder]{Name: "cfg-crypto-trans", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "mode {tunnel | transport [require]}", Do: func(b *builder, m *ios.Match) {
		b.transform.Mode, b.transform.Require = ipsec.Tunnel, false
		if m.Has("transport") && m.Form == ios.Set {
			b.transform.Mode, b.transform.Require = ipsec.Transport, m.Has("require")
		}
	}},
)

// transformSet reads the transforms anew each time: the line replaces those of
// an earlier one, and leaves the mode.
func transformSet(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.transforms.drop(name)
		return
	}
	d := b.transforms.open(name, func() *transformSetDraft {
		return &transformSetDraft{TransformSet: TransformSet{Name: name, Mode: ipsec.Tunnel}}
	})
	b.transform = d
	mode, require := d.Mode, d.Require
	*d = transformSetDraft{TransformSet: TransformSet{Name: name, Mode: mode, Require: require, Pos: m.Line.Pos}, at: m.Place("name")}
	seen := map[string]string{}
	words := m.Keywords()[3:] // behind crypto ipsec transform-set
	for i, w := range words {
		class := transformClass(w)
		if class == "" {
			continue // a key size, read with its cipher
		}
		if other := seen[class]; other != "" {
			m.Fail(w, "want at most one of each", "%s and %s are both %s", other, w, class)
			return
		}
		seen[class] = w
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		d.add(w, next)
	}
	switch {
	case d.Encr == nil && d.Integ != nil:
		d.Encr = suite.Null
	case d.combined() && d.Integ != nil:
		m.Fail(d.Integ.Transform, "leave "+d.Integ.Transform+" out", "%s authenticates by itself", d.Encr.Transform)
	}
}

// combined says whether the cipher authenticates too.
func (t *TransformSet) combined() bool { return t.Encr != nil && t.Encr.Combined() }

func (d *transformSetDraft) add(w, next string) {
	if c, ok := suite.CipherIOS(w); ok {
		d.Encr = c
		if c.Bits != nil {
			d.KeyBits = map[string]int{"192": 192, "256": 256}[next]
			if d.KeyBits == 0 {
				d.KeyBits = 128
			}
		}
		return
	}
	integ, ok := suite.IntegrityIOS(w)
	switch {
	case !ok:
		d.unable = w
	case strings.HasPrefix(w, "ah-"):
		d.AH = integ
	default:
		d.Integ = integ
	}
}

// transformClass is "" for a key size.
func transformClass(w string) string {
	switch {
	case strings.HasPrefix(w, "ah-"):
		return "AH"
	case strings.HasPrefix(w, "comp-"):
		return "compression"
	case strings.HasSuffix(w, "-hmac"):
		return "ESP authentication"
	case strings.HasPrefix(w, "esp-"):
		return "ESP encryption"
	}
	return ""
}

func (b *builder) finishTransformSets() {
	for name, d := range b.transforms.all {
		switch {
		case d.unable != "":
			b.warn(d.at, "accepted, has no effect yet: transform-set %s is never negotiated, %s is not spoken", name, d.unable)
			continue
		case d.Encr == suite.Null && d.AH == nil:
			b.warn(d.at, "transform-set %s does not encrypt", name)
		case d.Encr != nil && d.Integ == nil && d.AH == nil && !d.combined():
			b.warn(d.at, "transform-set %s has no esp-*-hmac: what it carries is open to change", name)
		}
		b.cfg.Transforms = append(b.cfg.Transforms, &d.TransformSet)
	}
	if b.transforms.get("default") == nil {
		b.cfg.Transforms = append(b.cfg.Transforms, &TransformSet{
			Name: "default", Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA1, Mode: ipsec.Transport,
		})
	}
}

// transformSetNamed is nil for a set that can not be negotiated.
func (b *builder) transformSetNamed(name string) *TransformSet {
	for _, t := range b.cfg.Transforms {
		if t.Name == name {
			return t
		}
	}
	return nil
}
