package tunnel

import (
	"reflect"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// vrfLinks are the VRF devices that a configuration uses. Where the host has one of the
// name, as it must for a front door whose Ethernet is in it, that one is used.
func vrfLinks(cfg *policy.Config) (links []ipsec.Link) {
	for _, v := range cfg.VRFs {
		if cfg.UsesVRF(v.Name) {
			links = append(links, ipsec.Link{Name: v.Name, Kind: ipsec.VRF, Key: v.Table, Up: true})
		}
	}
	return links
}

// adoptVRFs makes the VRFs of the configuration, before anything is in them, and gives
// those that are to go when nothing is.
func (s *Set) adoptVRFs() (unused []ipsec.Link) {
	links := vrfLinks(s.cfg)
	for _, old := range s.vrfs {
		if !slices.ContainsFunc(links, func(l ipsec.Link) bool { return l.Name == old.Name }) {
			unused = append(unused, old)
		}
	}
	for _, l := range links {
		if !slices.ContainsFunc(s.vrfs, func(old ipsec.Link) bool { return reflect.DeepEqual(old, l) }) {
			s.emit(ike.SetLink{Link: l})
		}
	}
	s.vrfs = links
	return unused
}

func (s *Set) removeLinks(links []ipsec.Link) {
	for _, l := range links {
		s.emit(ike.SetLink{Link: l, Remove: true})
	}
}
