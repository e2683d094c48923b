package daemon

import (
	"runtime"
	"testing"
)

func TestUseProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for _, c := range []struct {
		plane     Plane
		operators string
		want      int
	}{{Userspace, "", 3}, {Kernel, "3", 3}, {None, "3", 3}, {Kernel, "", 1}, {None, "", 1}} {
		t.Setenv("GOMAXPROCS", c.operators)
		runtime.GOMAXPROCS(3)
		if useProcessors(c.plane); runtime.GOMAXPROCS(0) != c.want {
			t.Errorf("%s, GOMAXPROCS=%q: %d processors, want %d", c.plane, c.operators, runtime.GOMAXPROCS(0), c.want)
		}
	}
}
