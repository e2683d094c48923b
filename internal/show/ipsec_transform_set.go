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
	for _, s := range defaultsFirst(c.Transforms, func(s *policy.TransformSet) string { return s.Name }) {
		if name != "" && s.Name != name {
			continue
		}
		p.f("Transform set %s: { %s  } \n", s.Name, setWords(s))
		p.f("   will negotiate = { %s,  }, \n \n", s.Mode)
	}
	return p.flush(w)
}

// defaultsFirst puts what IOS has by itself before what is configured.
func defaultsFirst[T any](list []T, name func(T) string) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b T) int {
		switch first, second := name(a) == "default", name(b) == "default"; {
		case first == second:
			return 0
		case first:
			return -1
		}
		return 1
	})
	return list
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
// says esp-aes 256, but esp-gcm 256.
func cipherWord(c *suite.Cipher, bits int) string {
	switch {
	case c.Bits == nil || bits == 0 || bits == c.Bits[0]:
		return c.Transform
	case c.IOS == "":
		return fmt.Sprintf("%s %d", c.Transform, bits)
	}
	return fmt.Sprintf("esp-%d-%s", bits, c.IOS)
}
