package show

import (
	"io"

	"github.com/obol-ike/obol/ikev1"
)

// ISAKMPSACount is show crypto isakmp sa count. Dead are the SAs of which only
// child SAs are left. None stands by: there is no redundant router.
func ISAKMPSACount(w io.Writer, sessions []ikev1.View) error {
	var active, negotiating, dead int
	for _, s := range sessions {
		switch {
		case deleted(s):
			dead++
		case established(s):
			active++
		default:
			negotiating++
		}
	}
	var p printer
	p.f("Active ISAKMP SA's: %d\n\n", active)
	p.f("Standby ISAKMP SA's: 0\n\n")
	p.f("Currently being negotiated ISAKMP SA's: %d\n\n", negotiating)
	p.f("Dead ISAKMP SA's: %d\n", dead)
	return p.flush(w)
}
