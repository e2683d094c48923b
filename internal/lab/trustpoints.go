package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
)

// holder is a trustpoint in the making.
type holder struct {
	router   int
	settings pki.Settings
	enrolled uint64 // 0: the CA's certificate alone
	ca       block  // of crypto pki certificate chain
	identity block
	name     pki.Name // of the CA, zero: not known
	said     pki.Name // likewise, by !obol ca-name: for want of better

	authority *authority
}

// block is a certificate of the configuration, nil when there is none.
type block struct {
	cert  *pki.Certificate
	where lint.Place
}

// forge makes what the routers of a pair need.
type forge struct {
	pair    *Pair
	holders []*holder
	cas     []*authority
	keys    [2]map[string]crypto.Signer // of routers, by label
	drawn   map[int]int                 // router keys given out, by size
}

// enrol gives both routers their certificates.
func (p *Pair) enrol() error {
	f := &forge{pair: p, keys: [2]map[string]crypto.Signer{{}, {}}, drawn: map[int]int{}}
	for i, r := range p.Routers {
		if err := f.read(i, r); err != nil {
			return err
		}
	}
	for _, roots := range []bool{true, false} { // which sign the certificates of the others
		for _, h := range f.holders {
			if h.isRoot() != roots {
				continue
			}
			if err := f.join(h); err != nil {
				return fmt.Errorf("%s: trustpoint %s: %w", h.settings.Line, h.settings.Name, err)
			}
		}
	}
	for i, r := range p.Routers {
		if err := f.outfit(i, r); err != nil {
			return err
		}
	}
	return nil
}

// read finds what is known of a router's trustpoints.
func (f *forge) read(router int, r *Router) error {
	var saved *store
	if r.Saved != nil {
		var err error
		if saved, err = parseSaved(*r.Saved); err != nil {
			return err
		}
	}
	r.Order = r.order(saved)
	for _, s := range r.Config.Trustpoints {
		h := &holder{router: router, settings: s, said: r.Config.CANames[s.Name]}
		for _, chain := range r.Config.Chains {
			if chain.Trustpoint == s.Name {
				h.blocks(chain)
			}
		}
		h.enrolled = uint64(slices.Index(r.Order.Trustpoints, s.Name) + 1)
		switch {
		case s.SelfSigned && h.ca.cert == nil, saved != nil && !saved.has(s.Name) && h.ca.cert == nil && h.identity.cert == nil:
			continue // no CA stands behind it
		case h.ca.cert != nil:
			h.name = h.ca.cert.Subject
			if h.identity.cert == nil && !r.Order.Known {
				h.enrolled = 0
			}
		case h.identity.cert != nil:
			h.name = h.identity.cert.Issuer
		case saved != nil:
			h.name = saved.authority(s.Name)
		}
		f.holders = append(f.holders, h)
	}
	f.pair.tellOrder(r)
	return nil
}

// blocks takes the certificates of a chain; policy has let them through.
func (h *holder) blocks(chain policy.CertificateChain) {
	for _, c := range chain.Certificates {
		cert, err := pki.ParseCertificate(c.DER)
		if err != nil {
			continue
		}
		b := block{cert, lint.At(c.Pos)}
		switch {
		case c.CA && h.ca.cert == nil:
			h.ca = b
		case !c.CA && !cert.Subject.Equal(cert.Issuer):
			h.identity = b
		}
	}
}

// isRoot says whether a trustpoint is known to be of a root CA.
func (h *holder) isRoot() bool { return h.ca.cert != nil && h.ca.cert.Subject.Equal(h.ca.cert.Issuer) }

// join finds the CA of a trustpoint: the one of its name, where that is known; else
// that of a trustpoint with the same name or enrolment URL; else a new one.
func (f *forge) join(h *holder) error {
	for _, o := range f.holders {
		if o.authority != nil && h.sameCA(o) {
			h.authority = o.authority
			return nil
		}
	}
	if h.name.IsZero() { // another trustpoint may know better
		for _, o := range f.holders {
			if !o.name.IsZero() && h.alike(o) {
				return f.joinAs(h, o)
			}
		}
	}
	return f.found(h)
}

// joinAs makes the CA of another trustpoint first.
func (f *forge) joinAs(h, o *holder) error {
	if err := f.found(o); err != nil {
		return err
	}
	h.authority = o.authority
	return nil
}

// sameCA says whether two trustpoints are of one CA.
func (h *holder) sameCA(o *holder) bool {
	switch {
	case h.ca.cert != nil && o.ca.cert != nil:
		return h.ca.cert.Subject.Equal(o.ca.cert.Subject) && h.ca.cert.KeyHash() == o.ca.cert.KeyHash()
	case !h.name.IsZero() && !o.name.IsZero():
		return h.name.Equal(o.name)
	case !h.said.IsZero() && !o.said.IsZero():
		return h.said.Equal(o.said)
	}
	return h.alike(o)
}

// alike is what tells that two trustpoints are of one CA where its name is not
// known of both.
func (h *holder) alike(o *holder) bool {
	return h.router != o.router && h.settings.Name == o.settings.Name ||
		h.settings.EnrollmentURL != "" && h.settings.EnrollmentURL == o.settings.EnrollmentURL
}

// found makes the CA of a trustpoint.
func (f *forge) found(h *holder) error {
	name, err := h.name, error(nil)
	if name.IsZero() {
		name = h.said
	}
	if name.IsZero() {
		if name, err = authorityName(h.settings); err != nil {
			return err
		}
	}
	key, err := f.authorityKey(h)
	if err != nil {
		return err
	}
	ca, err := newAuthority(name, remembering{key, f.pair.signatures}, f.pair.Now)
	if err != nil {
		return err
	}
	if revoked := f.pair.revokedBy(name, h.settings.Name); len(revoked) > 0 {
		if err := ca.publish(revoked...); err != nil {
			return err
		}
	}
	if h.ca.cert != nil {
		der, err := issue.StandIn(h.ca.cert.Raw(), key.Public(), f.issuer(h, ca).key)
		if err != nil {
			return err
		}
		if ca.cert, err = pki.ParseCertificate(der); err != nil {
			return err
		}
	}
	h.authority = ca
	f.cas = append(f.cas, ca)
	return nil
}

// issuer is the CA above a trustpoint's, itself when it is a root or nobody is there.
func (f *forge) issuer(h *holder, own *authority) *authority {
	for _, ca := range f.cas {
		if !h.ca.cert.Subject.Equal(h.ca.cert.Issuer) && ca.name.Equal(h.ca.cert.Issuer) {
			return ca
		}
	}
	return own
}

// authorityKey is of the kind and size that the CA's own is, where it is known.
func (f *forge) authorityKey(h *holder) (crypto.Signer, error) {
	n := len(f.cas)
	if h.ca.cert == nil {
		return caKey(defaultBits, n)
	}
	if pub, ok := h.ca.cert.X509.PublicKey.(*rsa.PublicKey); ok {
		return caKey(pub.N.BitLen(), n)
	}
	return ecKey(curveOf(h.ca.cert.X509.PublicKey), "CA "+strconv.Itoa(n))
}

func curveOf(pub crypto.PublicKey) elliptic.Curve {
	if pub, ok := pub.(*ecdsa.PublicKey); ok {
		return pub.Curve
	}
	return elliptic.P256()
}

// outfit makes a router's trustpoints, in the order in which it enrolled.
func (f *forge) outfit(router int, r *Router) error {
	var own []*holder
	for _, h := range f.holders {
		if h.router == router {
			own = append(own, h)
		}
	}
	made := map[string]*pki.Trustpoint{}
	inOrder := slices.Clone(own)
	slices.SortStableFunc(inOrder, func(a, b *holder) int { return int(a.enrolled) - int(b.enrolled) })
	for _, h := range inOrder {
		tp, err := f.trustpoint(r, h)
		if err != nil {
			return fmt.Errorf("%s: trustpoint %s: %w", h.settings.Line, h.settings.Name, err)
		}
		made[h.settings.Name] = tp
	}
	var all []*pki.Trustpoint
	for _, s := range r.Config.Trustpoints {
		tp := made[s.Name]
		if tp == nil {
			tp = &pki.Trustpoint{Settings: s}
		}
		all = append(all, tp)
	}
	for _, tp := range made {
		tp.Chain = above(tp, all)
	}
	r.Snapshot = pki.NewSnapshot(all).WithPolicy(r.Config.PKI)
	return nil
}

// trustpoint makes one.
func (f *forge) trustpoint(r *Router, h *holder) (*pki.Trustpoint, error) {
	tp := &pki.Trustpoint{Settings: h.settings, CA: h.authority.cert, CRLs: []*pki.CRL{h.authority.crl}}
	if h.identity.cert == nil && h.enrolled == 0 {
		return tp, nil
	}
	key, err := f.key(h)
	if err != nil {
		return nil, err
	}
	tp.Signer, tp.Enrolled = key, h.enrolled+1
	if h.identity.cert != nil {
		der, err := issue.StandIn(h.identity.cert.Raw(), key.Public(), h.authority.key)
		if err == nil {
			tp.Identity, err = pki.ParseCertificate(der)
		}
		f.pair.tellStandIn(r, h)
		return tp, err
	}
	host := pki.Host{Hostname: r.Config.Hostname, Domain: r.Config.Domain, Serial: r.Config.Serial}
	if host.Serial == "" {
		host.Serial = strconv.Itoa(100 + h.router)
	}
	subject, err := pki.SubjectName(h.settings, host)
	if err != nil { // it names nothing at all
		if subject, err = pki.SubjectName(pki.Settings{SubjectName: "CN=" + pki.QuoteValue(r.Name)}, host); err != nil {
			return nil, err
		}
	}
	tp.Identity, err = h.authority.enrol(subject, key.Public())
	return tp, err
}

// key is that of the trustpoint's key pair. Trustpoints that name no key pair, or
// the same, share one.
func (f *forge) key(h *holder) (crypto.Signer, error) {
	s, config := h.settings, f.pair.Routers[h.router].Config
	label := fmt.Sprint("rsa ", s.RSAKeypair)
	bits, curve := s.RSABits, elliptic.Curve(nil)
	switch {
	case h.identity.cert != nil:
		digest := sha256.Sum256(h.identity.cert.X509.RawSubjectPublicKeyInfo)
		label = fmt.Sprintf("block %x", digest[:8])
		switch pub := h.identity.cert.X509.PublicKey.(type) {
		case *rsa.PublicKey:
			bits = pub.N.BitLen()
		case ed25519.PublicKey, *ecdsa.PublicKey:
			curve = curveOf(pub)
		}
	case config.ECKey(s):
		label, curve = "ec "+s.ECKeypair, elliptic.P256()
	}
	if bits == 0 {
		bits = defaultBits
	}
	label += strconv.Itoa(bits)
	if key := f.keys[h.router][label]; key != nil {
		return key, nil
	}
	var key crypto.Signer
	var err error
	if curve != nil {
		key, err = ecKey(curve, fmt.Sprintf("router %d %s", h.router, label))
	} else {
		key, err = routerKey(bits, f.drawn[bits])
		f.drawn[bits]++
	}
	f.keys[h.router][label] = key
	return key, err
}

// above are the certificates between a trustpoint's identity and the root, which
// it sends along.
func above(tp *pki.Trustpoint, all []*pki.Trustpoint) (chain []*pki.Certificate) {
	for c := tp.CA; c != nil && tp.Identity != nil && !c.Subject.Equal(c.Issuer) && !slices.ContainsFunc(chain, c.Equal); {
		chain = append(chain, c)
		i := slices.IndexFunc(all, func(o *pki.Trustpoint) bool { return o.CA != nil && c.SignedBy(o.CA) == nil })
		if i < 0 {
			break
		}
		c = all[i].CA
	}
	return chain
}
