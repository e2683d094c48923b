package daemon

import (
	"os"
	"runtime"
)

// useProcessors has Go run on one, unless GOMAXPROCS says otherwise or the data plane
// has packets to divide among them. All exchanges are one shard's: beside it there is
// little for a second, but each datagram wakes a thread that looks for work before it
// sleeps again, for a twentieth of a handshake with certificates and a tenth of one
// without. What waits for the kernel or a disk does so outside of Go's processors.
func useProcessors(p Plane) {
	if p != Userspace && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
