package engine

import (
	"crypto/sha1"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// certificateCache has what peers showed by hash and URL, under the hash: crypto ikev2
// certificate-cache says how many, and without that line nothing is kept. Anybody may
// have us fetch, so that nothing enters before its peer is authenticated.
type certificateCache struct {
	kept  map[[sha1.Size]byte][]byte
	fresh map[*entry][][]byte // of peers that are not authenticated yet
}

func newCertificateCache() certificateCache {
	return certificateCache{kept: map[[sha1.Size]byte][]byte{}, fresh: map[*entry][][]byte{}}
}

// cached answers what a session wants looked up, where it was fetched before.
func (e *Engine) cached(now time.Time, x *entry, o ike.Output) bool {
	l, ok := o.(ike.Lookup)
	if !ok {
		return false
	}
	data, ok := e.certificates.kept[l.SHA1]
	if ok {
		x.v2.HandleLookup(now, l.ID, ike.Answer{Data: data})
		e.sessions.follow(x) // it may be a stranger's no more
	}
	return ok
}

// fetched notes an answer of a session's.
func (c *certificateCache) fetched(x *entry, a ike.Answer, limit int) {
	if limit > 0 && a.Err == nil {
		c.fresh[x] = append(c.fresh[x], a.Data)
	}
}

// keep takes over what a session was answered, whose peer is authenticated now. What is
// full begins anew.
func (c *certificateCache) keep(x *entry, limit int) {
	for _, data := range c.fresh[x] {
		hash := sha1.Sum(data)
		if _, again := c.kept[hash]; !again && len(c.kept) >= limit {
			clear(c.kept)
		}
		c.kept[hash] = data
	}
	delete(c.fresh, x)
}

// bound obeys another limit.
func (c *certificateCache) bound(limit int) {
	if len(c.kept) > limit {
		clear(c.kept)
	}
}
