package ikev1

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// View is a read-only copy of a session for show commands.
type View struct {
	ConnID        uint32
	Local, Remote netip.AddrPort
	Initiator     bool
	State         string // MM_NO_STATE, QM_IDLE ..., as show crypto isakmp sa prints it
	Status        string // ACTIVE, ACTIVE (deleted)
	Encr          string // 3des, aes; "" until a policy is agreed, as the next four
	KeyBits       int    // 0 for ciphers with one key size
	Hash          string // md5, sha ...
	Auth          string // rsig
	Group         uint16
	Remaining     time.Duration // of the phase 1 lifetime, 0 until established
	PeerID        string        // as IOS prints it, "" until authenticated
	Profile       string        // "" for none
	Established   time.Time     // zero until then
	Children      []ChildView
}

// ChildView is a read-only copy of a child SA pair.
type ChildView struct {
	Tunnel    string
	In, Out   ipsec.SA     // its Public form
	PFS       *suite.Group // nil: none
	Installed time.Time
	Expires   time.Time // zero: no limit in seconds
	Volume    uint64    // kilobytes, 0: no limit
}
