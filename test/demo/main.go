// Demo runs the note's case on this machine: two routers in two network
// namespaces, two CAs, R1 enrolled with CA1 then CA2 and R2 with CA2 then CA1.
// R1's direction comes up and carries pings; R2's is refused, and the demo says
// why. It wants root, and a kernel with ESP, GRE and dummy links: `make demo`
// runs it in a virtual machine where the host has none.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/xfrm"
)

func main() {
	bin := flag.String("bin", "bin", "directory of obold and obol")
	configs := flag.String("configs", "configs/note", "directory of ikev1-r1.cfg and ikev1-r2.cfg")
	vm := flag.String("vm", "bin/vmrun", "what runs the demo where this kernel lacks something")
	flag.Parse()
	if err := xfrm.Check(need); err != nil && os.Getenv("VM_GUEST") == "" {
		fmt.Printf("This kernel cannot carry the tunnel (%v): the demo runs in a virtual machine.\n", err)
		elsewhere(*vm, *bin, *configs)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *bin, *configs); err != nil {
		reason, detail, _ := strings.Cut(err.Error(), "\n")
		if detail != "" {
			fmt.Println(detail)
		}
		fmt.Println("demo: FAILED:", reason)
		os.Exit(1)
	}
	fmt.Println("demo: ok")
}

// need is what the note's tunnel asks of the kernel.
var need = xfrm.Need{Links: []ipsec.LinkKind{ipsec.GREIP, ipsec.Dummy}, Encr: []*suite.Cipher{suite.AES}, Integ: []*suite.Integrity{suite.HMACSHA256}}

// elsewhere becomes the same demo inside the virtual machine; its exit status
// is ours.
func elsewhere(vm, bin, configs string) {
	self, err := os.Executable()
	if err == nil {
		var dirs [2]string
		for i, dir := range []string{bin, configs} {
			if dirs[i], err = filepath.Abs(dir); err != nil {
				break
			}
		}
		err = syscall.Exec(vm, []string{vm, "-copy", dirs[0], "-copy", dirs[1], "-timeout", "5m", self, "-bin", dirs[0], "-configs", dirs[1]}, os.Environ())
	}
	fmt.Println("demo: FAILED: the virtual machine:", err)
	os.Exit(1)
}

type demo struct {
	*routers.Pair
	print sync.Mutex // of the capture and the debug streams
}

func run(ctx context.Context, bin, configs string) (err error) {
	title("The topology")
	fmt.Print(`   R1 (namespace obol-r1)                               R2 (namespace obol-r2)
   Loopback0 192.168.100.1      Tunnel1 GRE + ESP       Loopback0 192.168.200.1
          └─ Ethernet0/0 192.168.0.1 ═══ e0 ═══ Ethernet0/0 192.168.0.2 ─┘
   R1 accepts IOSCA1 only (ca trust-point IOSCA1); its newest certificate is IOSCA2's.
   R2 accepts both.
`)
	pair, err := routers.New(bin, configs+"/ikev1-r1.cfg", configs+"/ikev1-r2.cfg")
	if err != nil {
		return err
	}
	defer func() {
		title("Cleaning up")
		if e := pair.Close(); e != nil && err == nil {
			err = e
		}
	}()
	d := &demo{Pair: pair}

	title("Two CAs, two enrolled routers")
	if err := pair.Enrol(routers.NoteOrder); err != nil {
		return err
	}
	for _, r := range []*routers.Router{pair.R1, pair.R2} {
		if err := r.Start("--initiate", "manual"); err != nil {
			return err
		}
		fmt.Printf("%s: obold is ready\n", r.Name)
	}
	if err := d.up(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return d.refused(ctx)
}

// up is R1's direction: it must come up and carry pings.
func (d *demo) up(ctx context.Context) error {
	title("R1 starts: obol initiate Tunnel1")
	end, err := d.watch(ctx)
	if err != nil {
		return err
	}
	out, err := d.R1.Obol("initiate", "Tunnel1", "--wait", "30s")
	end()
	if err != nil {
		return fmt.Errorf("R1's direction did not come up\n%s%s", out, d.R1.Log())
	}
	fmt.Print(out)

	title("LAN to LAN through the tunnel")
	out, err = d.R1.Run("ping", "-c", "5", "-i", "0.2", "-I", d.R1.LAN, d.R2.LAN)
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("no ping from %s to %s", d.R1.LAN, d.R2.LAN)
	}
	for _, r := range []*routers.Router{d.R1, d.R2} {
		title(r.Name + "#show crypto session")
		out, err := r.Obol("show", "crypto", "session")
		if err != nil {
			return err
		}
		fmt.Print(out)
		if !strings.Contains(out, "UP-ACTIVE") {
			return fmt.Errorf("%s does not show UP-ACTIVE", r.Name)
		}
	}
	return nil
}

// refused is R2's direction: R1 must refuse the certificate of MM5.
func (d *demo) refused(ctx context.Context) error {
	title("Clearing both, then R2 starts: obol initiate Tunnel1")
	for _, r := range []*routers.Router{d.R1, d.R2} {
		if _, err := r.Obol("clear", "crypto", "session"); err != nil {
			return err
		}
	}
	time.Sleep(time.Second) // the deletes cross the wire
	var reason string
	end, err := d.watch(ctx, func(router, line string) {
		if router == "R1" && strings.Contains(line, "IKMP_INVALID_CERT") {
			reason = line
		}
	})
	if err != nil {
		return err
	}
	out, err := d.R2.Obol("initiate", "Tunnel1", "--wait", "25s")
	end()
	fmt.Print(out)
	if err == nil {
		return fmt.Errorf("R2's direction came up; the note says it must not")
	}
	if reason == "" {
		return fmt.Errorf("R1 did not refuse R2's certificate\n%s", d.R1.Log())
	}
	fmt.Printf(`
As the note says: R1's MM4 asks for CA2 first (its newest certificate), so R2 signs with IOSCA2;
R1's profile accepts IOSCA1 only, learnt too late, at MM5. R1 says:
   %s
`, reason)
	return nil
}

// watch draws the messages on the wire and the telling debug lines of both
// routers until end is called.
func (d *demo) watch(ctx context.Context, also ...func(router, line string)) (end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	ladder := routers.NewLadder(d.R1.Address, d.R2.Address)
	fmt.Println("  R1                        R2")
	capture, err := d.R1.Capture(func(p routers.Packet) {
		if p.ISAKMP() {
			d.print.Lock()
			defer d.print.Unlock()
			fmt.Println("  " + ladder.Arrow(p))
		}
	})
	if err != nil {
		cancel()
		return nil, err
	}
	for _, r := range []*routers.Router{d.R1, d.R2} {
		for _, what := range []string{"isakmp", "pki"} {
			err := r.Follow(ctx, func(line string) {
				d.print.Lock()
				defer d.print.Unlock()
				for _, f := range also {
					f(r.Name, line)
				}
				if telling(line) {
					fmt.Printf("  │   %s: %s\n", r.Name, line)
				}
			}, "debug", "crypto", what)
			if err != nil {
				cancel()
				capture.Close()
				return nil, err
			}
		}
	}
	time.Sleep(300 * time.Millisecond) // the subscriptions stand
	return func() {
		time.Sleep(300 * time.Millisecond) // the last lines arrive
		cancel()
		capture.Close()
	}, nil
}

// telling picks the lines that explain the choice of certificates.
func telling(line string) bool {
	for _, s := range []string{"SA request profile", "Choosing trustpoint", "keypair to sign", "peer matches", "CERT validation list",
		"No suitable trustpoints", "Certificate validation succeeded", "IKMP_INVALID_CERT", "SA authentication status", "PHASE2_COMPLETE"} {
		if strings.Contains(line, s) {
			return true
		}
	}
	return false
}

func title(s string) {
	fmt.Printf("\n── %s %s\n", s, strings.Repeat("─", max(2, 92-len([]rune(s)))))
}
