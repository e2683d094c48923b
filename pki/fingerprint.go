package pki

import (
	"fmt"
	"strings"
)

// Fingerprint is a hash as IOS prints it: A792544F 9A2D75F5 ...
func Fingerprint(hash []byte) string {
	var words []string
	for len(hash) > 0 {
		n := min(4, len(hash))
		words = append(words, fmt.Sprintf("%X", hash[:n]))
		hash = hash[n:]
	}
	return strings.Join(words, " ")
}
