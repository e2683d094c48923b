package scep

import (
	"crypto"
	"strings"
)

// Capabilities are what a CA can (RFC 8894 section 3.5.2). The zero value is a CA
// that does not say.
type Capabilities struct {
	words map[string]bool // lower case
	// Hash is the digest that the trustpoint's hash wants; 0: the best that the CA
	// has.
	Hash crypto.Hash
}

// maxCapabilities is how many words are kept.
const maxCapabilities = 64

// ParseCapabilities reads the answer to GetCACaps: a word a line. "A client MUST be
// able to accept and ignore any unknown keywords that might be sent by a CA."
func ParseCapabilities(text []byte) Capabilities {
	c := Capabilities{words: map[string]bool{}}
	for line := range strings.Lines(string(text)) {
		if word := strings.ToLower(strings.TrimSpace(line)); word != "" && len(word) <= 40 && len(c.words) < maxCapabilities {
			c.words[word] = true
		}
	}
	return c
}

// has says whether the CA can do one of these. SCEPStandard: "The CA supports all of
// the mandatory-to-implement sections of the SCEP standard", which are AES,
// POSTPKIOperation and SHA-256.
func (c Capabilities) has(words ...string) bool {
	for _, w := range words {
		if c.words[strings.ToLower(w)] {
			return true
		}
	}
	return false
}

// Post says whether messages may be sent with POST.
func (c Capabilities) Post() bool { return c.has("POSTPKIOperation", "SCEPStandard") }

// Renewal says whether the CA renews on the signature of the old key.
func (c Capabilities) Renewal() bool { return c.has("Renewal") }

// NextCA says whether the CA gives its next certificate before its own ends.
func (c Capabilities) NextCA() bool { return c.has("GetNextCACert") }

// Digest is the hash that messages are signed with.
func (c Capabilities) Digest() crypto.Hash {
	switch {
	case c.has("SHA-256", "SHA256", "SCEPStandard"):
		return crypto.SHA256
	case c.has("SHA-512", "SHA512"):
		return crypto.SHA512
	case c.Hash == crypto.MD5:
		return crypto.MD5
	}
	return crypto.SHA1
}

// cipher is what the content of messages is encrypted with. Triple DES is the least:
// the challenge password is inside.
func (c Capabilities) cipher() *contentCipher {
	if c.has("AES", "SCEPStandard") {
		return aes128
	}
	return tripleDES
}
