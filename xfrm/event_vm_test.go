//go:build vm

package xfrm

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// When more expires at once than the kernel's queue for us holds, nothing is
// lost all the same.
func TestOverflow(t *testing.T) {
	r1, _ := routers(t)
	tun := plane.VTI()
	slow := r1.open(func() (*Dataplane, error) { return open(1) }) // the kernel's smallest queue
	const n = 200
	want := make([]ipsec.Event, 0, 2*n)
	for i := range uint32(n) {
		sa := r1.withSPI(tun, ipsec.Out, 0x5000+i)
		sa.Soft.Duration = time.Second
		if i%2 == 0 {
			sa.Soft.Duration, sa.Hard.Duration = 0, 2*time.Second
		}
		r1.Must(slow.InstallSA(sa))
		want = append(want, ipsec.Expired{SAID: sa.SAID, Hard: i%2 == 0})
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		list, err := slow.states()
		r1.Must(err)
		if len(list) == n/2 {
			break // all hard ones have expired, and so have the soft ones
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d SAs stand", len(list))
		}
	}
	go slow.watch.run(slow)
	want = append(want, ipsec.Overflow{})
	plane.Expect(t, slow, time.Minute, want...)
}

// Close ends the events, also when nobody reads them.
func TestClose(t *testing.T) {
	r1, _ := routers(t)
	tun := plane.VTI()
	d := r1.open(New)
	for i := range uint32(100) { // more than the channel holds
		sa := r1.withSPI(tun, ipsec.Out, 0x5000+i)
		sa.Hard.Duration = time.Second
		r1.Must(d.InstallSA(sa))
	}
	time.Sleep(2 * time.Second)
	r1.Must(d.Close())
	for deadline := time.After(time.Minute); ; {
		select {
		case _, open := <-d.Events():
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the events did not end")
		}
	}
}
