package rtnetlink

import (
	"errors"

	"github.com/vishvananda/netlink"
)

// wholeTries is how often a list that goes on changing is asked for.
const wholeTries = 100

// Whole is a list of the kernel, asked for again while it changed before all of it had
// come (NLM_F_DUMP_INTR): then it may lack what stands.
func Whole[T any](list func() ([]T, error)) (all []T, err error) {
	for range wholeTries {
		if all, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return all, err
}

// routes are those that are as k in what the filter names.
func (i *Interfaces) routes(k *netlink.Route, filter uint64) ([]netlink.Route, error) {
	return Whole(func() ([]netlink.Route, error) { return i.handle.RouteListFiltered(netlink.FAMILY_ALL, k, filter) })
}
