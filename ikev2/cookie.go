package ikev2

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// cookieTime is how long a secret makes cookies. It is taken as long again.
const cookieTime = 60 * time.Second

// Cookies asks the senders of first messages to show that they receive what is
// sent to them, and keeps nothing of who asked. The zero value is ready.
type Cookies struct {
	secrets [2]suite.Key // of version and of the one before, by the version's last bit
	version byte
	begun   time.Time
}

// cookieLen is the octet of the version and half an HMAC: RFC 7296 section 2.6
// has a cookie of 1 to 64 octets.
const cookieLen = 1 + sha256.Size/2

// Admit judges an IKE_SA_INIT request. Either it shows a cookie of ours, or answer
// is the message that asks for one; what is no such request gets neither. The
// answer is shorter than any request.
func (c *Cookies) Admit(now time.Time, random io.Reader, d ike.Datagram) (answer []byte, admitted bool, err error) {
	m, err := wire.Parse(d.Data)
	if err != nil || !firstRequest(m.Header) {
		return nil, false, err
	}
	_, sa := m.First(wire.PayloadSAV2)
	_, ke := m.First(wire.PayloadKEV2)
	p, ok := m.First(wire.PayloadNonceV2)
	if !ok || !sa || !ke {
		return nil, false, nil
	}
	nonce, err := wire.ParseBody(p, wire.ParseNonce)
	if err != nil {
		return nil, false, err
	}
	if err := c.turn(now, random); err != nil {
		return nil, false, err
	}
	for p := range m.All(wire.PayloadNotifyV2) {
		n, err := wire.ParseBody(p, wire.ParseNotifyV2)
		if err == nil && n.Type == wire.V2Cookie {
			if c.ours(n.Data, nonce, d.Remote.Addr(), m.InitiatorSPI) {
				return nil, true, nil
			}
			break
		}
	}
	h := m.Header
	h.Flags = wire.FlagResponse
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2Cookie, Data: c.make(c.version, nonce, d.Remote.Addr(), m.InitiatorSPI)})
	return b.Bytes(), false, nil
}

// firstRequest says whether a header begins an IKE SA.
func firstRequest(h wire.Header) bool {
	return h.Version.Major() == 2 && h.Exchange == wire.ExchangeSAInit && h.Flags&wire.FlagResponse == 0 && h.Flags&wire.FlagInitiator != 0 &&
		h.MessageID == 0 && h.ResponderSPI.IsZero() && !h.InitiatorSPI.IsZero()
}

// turn changes the secret when it is old.
func (c *Cookies) turn(now time.Time, random io.Reader) error {
	if c.secrets[c.version&1] != nil && now.Before(c.begun.Add(cookieTime)) {
		return nil
	}
	secret := make(suite.Key, sha256.Size)
	if _, err := io.ReadFull(random, secret); err != nil {
		return err
	}
	if !now.Before(c.begun.Add(2 * cookieTime)) {
		c.secrets[c.version&1].Wipe()
		c.secrets[c.version&1] = nil // nobody has asked for so long that it is not the one before
	}
	c.version++
	c.secrets[c.version&1].Wipe()
	c.secrets[c.version&1], c.begun = secret, now
	return nil
}

// make, RFC 7296 section 2.6: "Cookie = <VersionIDofSecret> | Hash(Ni | IPi | SPIi
// | <secret>)". The hash is keyed with the secret.
func (c *Cookies) make(version byte, nonce []byte, from netip.Addr, spi wire.SPI) []byte {
	mac := hmac.New(sha256.New, c.secrets[version&1])
	mac.Write(nonce)
	mac.Write(from.Unmap().AsSlice())
	mac.Write(spi[:])
	return append([]byte{version}, mac.Sum(nil)...)[:cookieLen]
}

// ours says whether a cookie is of the secret of now, or of the one before.
func (c *Cookies) ours(cookie, nonce []byte, from netip.Addr, spi wire.SPI) bool {
	if len(cookie) != cookieLen {
		return false
	}
	version := cookie[0]
	if version != c.version && version != c.version-1 || c.secrets[version&1] == nil {
		return false
	}
	return hmac.Equal(cookie, c.make(version, nonce, from, spi))
}

// readCookie is the cookie that a responder wants to see again. RFC 7296 section
// 2.6: "The data associated with this notification MUST be between 1 and 64 octets
// in length (inclusive)".
func readCookie(n wire.NotifyV2) ([]byte, error) {
	if len(n.Data) < 1 || len(n.Data) > 64 {
		return nil, reject(wire.V2InvalidSyntax, "a cookie of %d octets", len(n.Data))
	}
	return n.Data, nil
}
