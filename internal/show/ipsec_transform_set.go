package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// IPsecTransformSet is show crypto ipsec transform-set, of all or of the one of a
// name; the default set stands first.
func IPsecTransformSet(w io.Writer, c *policy.Config, name string) error {
	var p printer
	sets := slices.Clone(c.Transforms)
	slices.SortStableFunc(sets, func(a, b *policy.TransformSet) int { return defaultFirst(a.Name, b.Name) })
	for _, s := range sets {
		if name != "" && s.Name != name {
			continue
		}
		p.f("Transform set %s: { %s  } \n", s.Name, setWords(s))
		p.f("   will negotiate = { %s,  }, \n \n", s.Mode)
	}
	return p.flush(w)
}

// defaultFirst sorts what IOS has by itself before what is configured.
func defaultFirst(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "default":
		return -1
	case b == "default":
		return 1
	}
	return 0
}

// setWords are the transforms of a set.
func setWords(s *policy.TransformSet) string {
	var words []string
	if s.AH != nil {
		words = append(words, s.AH.AHTransform)
	}
	if s.Encr != nil {
		words = append(words, cipherWord(s.Encr, s.KeyBits))
	}
	if s.Integ != nil {
		words = append(words, s.Integ.Transform)
	}
	return strings.Join(words, " ")
}

// cipherWord is a cipher as show prints it: esp-256-aes where the configuration
// says esp-aes 256.
func cipherWord(c *suite.Cipher, bits int) string {
	if c.Bits != nil && bits > 0 && bits != c.Bits[0] {
		return fmt.Sprintf("esp-%d-%s", bits, c.IOS)
	}
	return c.Transform
}
