package userspace

import (
	"bytes"
	"testing"
)

// What a TUN device hands over at once, cut and joined again: the checksums are most
// of it.
func BenchmarkCut(b *testing.B) {
	o, packet := made(false, protocolTCP, 64000, 1398, true)
	whole := handed(o, packet)
	again := bytes.Clone(whole)
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		copy(again, whole)
		cut(again, func([]byte) {})
	}
}

func BenchmarkJoin(b *testing.B) {
	o, packet := made(false, protocolTCP, 64000, 1398, true)
	list := pieces(handed(o, packet))
	headers := bytes.Clone(list[0][:headerIPv4+headerTCP+12])
	var f frame
	w := newDeviceWriter()
	b.SetBytes(int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		copy(list[0], headers)
		for _, p := range list {
			f.add(p, true)
		}
		f.finish(w)
		w.parts = w.parts[:0]
	}
}
