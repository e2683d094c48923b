// Demo runs the note's case on this machine: two routers in two network
// namespaces, two CAs with their SCEP servers and CRLs at the note's addresses, R1
// enrolled with CA1 then CA2 and R2 with CA2 then CA1. R1's direction comes up and
// carries pings; R2's is refused, and the demo says why. Then R1 enrols with CA1
// again, and R2's direction comes up too. It wants root and a kernel with ESP and GRE, or with TUN: obold carries the
// tunnel itself then. `make demo-vm` runs it in a virtual machine, on a kernel that
// has all.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

func main() {
	bin := flag.String("bin", "bin", "directory of obold and obol")
	configs := flag.String("configs", "configs/note", "directory of ikev1-r1.cfg and ikev1-r2.cfg")
	vm := flag.String("vm", "", "what runs the demo in a virtual machine, not here")
	flag.Parse()
	if *vm != "" {
		os.Exit(elsewhere(os.Stdout, *vm, *bin, *configs))
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
		if ctx.Err() != nil {
			err = errors.New("interrupted") // and not by what that made fail
		}
		if e := pair.Close(); e != nil && err == nil {
			err = e
		}
	}()

	if _, err := pair.Serve(); err != nil {
		return err
	}
	for _, r := range []*routers.Router{pair.R1, pair.R2} {
		if err := r.Start("--initiate", "manual"); err != nil {
			return err
		}
		fmt.Printf("%s: obold is ready\n", r.Name)
	}
	if err := enrol(pair); err != nil {
		return err
	}
	fmt.Println("What carries the tunnel:", carrier(pair.R1.Log()))
	if err := up(ctx, pair); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := refused(ctx, pair); err != nil || ctx.Err() != nil {
		return err
	}
	return reenrolled(ctx, pair)
}

// enrol is what an operator does at both routers, in the note's order.
func enrol(p *routers.Pair) error {
	order := routers.NoteOrder
	for _, at := range []struct {
		*routers.Router
		order []string
	}{{p.R1, order.R1}, {p.R2, order.R2}} {
		title(at.Name + "(config)#crypto pki authenticate, then crypto pki enroll: " + strings.Join(at.order, ", "))
		out, err := at.Authenticate(at.order...)
		if err == nil {
			var enrolled string
			enrolled, err = at.Enroll(at.order...)
			out += enrolled
		}
		fmt.Print(out)
		if err != nil {
			return err
		}
	}
	return nil
}

// reenrolled is the note's cure: what R1 enrols with last it asks for first.
func reenrolled(ctx context.Context, p *routers.Pair) error {
	title("R1(config)#crypto pki enroll IOSCA1 once more, then R2 starts")
	out, err := p.R1.Enroll("IOSCA1")
	fmt.Print(out)
	if err != nil {
		return err
	}
	for _, r := range []*routers.Router{p.R1, p.R2} {
		if _, err := r.Obol("clear", "crypto", "session"); err != nil {
			return err
		}
	}
	time.Sleep(time.Second) // the deletes cross the wire
	end, err := watch(ctx, p, func(router, line string) {})
	if err != nil {
		return err
	}
	out, err = p.R2.Obol("initiate", "Tunnel1", "--wait", "30s")
	end()
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("R2's direction did not come up after R1 has enrolled with CA1 again\n%s", p.R1.Log())
	}
	fmt.Println("\nR1's newest certificate is IOSCA1's now: its MM4 asks for CA1 first, R2 signs with IOSCA1.")
	return nil
}

// carrier is the data plane that a daemon has chosen, and why, in its own words.
func carrier(log string) string {
	_, said, _ := strings.Cut(log, "obold: data plane: ")
	said, _, _ = strings.Cut(said, "\n")
	return said
}

// up is R1's direction: it must come up and carry pings.
func up(ctx context.Context, p *routers.Pair) error {
	title("R1 starts: obol initiate Tunnel1")
	end, err := watch(ctx, p, func(router, line string) {})
	if err != nil {
		return err
	}
	out, err := p.R1.Obol("initiate", "Tunnel1", "--wait", "30s")
	end()
	if err != nil {
		return fmt.Errorf("R1's direction did not come up\n%s%s", out, p.R1.Log())
	}
	fmt.Print(out)

	title("LAN to LAN through the tunnel")
	out, err = p.R1.Run("ping", "-c", "5", "-i", "0.2", "-I", p.R1.LAN, p.R2.LAN)
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("no ping from %s to %s", p.R1.LAN, p.R2.LAN)
	}
	for _, r := range []*routers.Router{p.R1, p.R2} {
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
func refused(ctx context.Context, p *routers.Pair) error {
	title("Clearing both, then R2 starts: obol initiate Tunnel1")
	for _, r := range []*routers.Router{p.R1, p.R2} {
		if _, err := r.Obol("clear", "crypto", "session"); err != nil {
			return err
		}
	}
	time.Sleep(time.Second) // the deletes cross the wire
	refusal := make(chan string, 1)
	end, err := watch(ctx, p, func(router, line string) {
		if router == "R1" && strings.Contains(line, "IKMP_INVALID_CERT") {
			select {
			case refusal <- line:
			default: // the first one is enough
			}
		}
	})
	if err != nil {
		return err
	}
	out, err := p.R2.Obol("initiate", "Tunnel1", "--wait", "5s")
	end()
	fmt.Print(out)
	if err == nil {
		return fmt.Errorf("R2's direction came up; the note says it must not")
	}
	var reason string
	select {
	case reason = <-refusal:
	default:
		return fmt.Errorf("R1 did not refuse R2's certificate\n%s", p.R1.Log())
	}
	fmt.Printf(`
As the note says: R1's MM4 asks for CA2 first (its newest certificate), so R2 signs with IOSCA2;
R1's profile accepts IOSCA1 only, learnt too late, at MM5. R1 says:
   %s
`, reason)
	return nil
}

func title(s string) {
	fmt.Printf("\n── %s %s\n", s, strings.Repeat("─", max(2, 92-len([]rune(s)))))
}
