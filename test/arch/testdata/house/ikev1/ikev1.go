package ikev1

import (
	"context"   // want "ikev1 imports context"
	"net"       // want "ikev1 imports net"
	"net/http"  // want "ikev1 imports net/http"
	_ "os/exec" // want "ikev1 imports os/exec"
	"sync"
	_ "syscall" // want "ikev1 imports syscall"
	clock "time"

	_ "example.test/house/ikev2" // want "ikev1 (level 3) imports ikev2 (level 3)"
	_ "example.test/house/pki"
	_ "github.com/vishvananda/netlink" // want "ikev1 imports github.com/vishvananda/netlink"
)

type session struct{ Now clock.Time }

func (session) Sleep() {}

func drive(s session, c net.Conn, h http.Header) {
	s.Sleep()
	_ = s.Now.Add(clock.Second).After(s.Now)
	_ = clock.Now()        // want "ikev1 uses time.Now"
	_ = clock.Since(s.Now) // want "ikev1 uses time.Since"
	_ = clock.Until(s.Now) // want "ikev1 uses time.Until"
	wait := clock.Sleep    // want "ikev1 uses time.Sleep"
	wait(1)
	<-clock.After(1)            // want "ikev1 uses time.After"
	clock.AfterFunc(1, s.Sleep) // want "ikev1 uses time.AfterFunc"
	clock.NewTimer(1)           // want "ikev1 uses time.NewTimer"
	clock.NewTicker(1)          // want "ikev1 uses time.NewTicker"
	<-clock.Tick(1)             // want "ikev1 uses time.Tick"
	go s.Sleep()                // want "ikev1 starts a goroutine"
	var group sync.WaitGroup
	group.Go(s.Sleep) // want "ikev1 starts a goroutine"
	_ = context.Background()
}
