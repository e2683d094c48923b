package xfrm

import "testing"

// The counter among the others of /proc/net/xfrm_stat, and without it.
func TestInvalidSPIs(t *testing.T) {
	const text = "XfrmInError             \t1\nXfrmInNoStates          \t4711\nXfrmInStateProtoError   \t3\n"
	if n := invalidSPIs(text); n != 4711 {
		t.Errorf("%d", n)
	}
	if n := (&Dataplane{}).InvalidSPIs(); n != 0 {
		t.Errorf("where the kernel does not count: %d", n)
	}
}
