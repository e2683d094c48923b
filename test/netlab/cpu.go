package netlab

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time of all threads of a process so far:
// clock_getcpuclockid(3) makes the clock of another process this way.
func CPU(pid int) (time.Duration, error) {
	const perProcess, sched = 0, 2
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|perProcess|sched), &t)
	return time.Duration(t.Nano()), err
}
