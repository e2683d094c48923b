// Command run executes a program as root in a small throw-away QEMU virtual
// machine with its own Linux kernel. It is meant for "go test -exec":
// arguments, environment, working directory, standard output, standard error
// and the exit status are passed through.
//
//	go test -tags vm -exec "go run ./test/vm/run" ./xfrm/
//	go run ./test/vm/run ip -V                   # any command of the guest
//	go run ./test/vm/run -copy bin/obold=/usr/bin/obold -copy configs -return /tmp/outer.pcap=outer.pcap sh -c '...'
//	go run ./test/vm/run -prepare                # only fetch and build the image
//
// Everything is emulated (TCG): /dev/kvm, which hangs guests on some machines,
// is opened only with VM_ACCEL=kvm. Environment, for use under go test -exec:
// VM_COPY and VM_RETURN are colon-separated lists of what -copy and -return
// take, VM_CACHE is the image's directory, VM_VERBOSE=1 shows the console.
//
// Exit status 125 is the wrapper's own; one line on standard error says why.
// The same binary, as process 1 of the guest, is the guest's init.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var verbose = os.Getenv("VM_VERBOSE") != ""

func say(format string, a ...any) { fmt.Fprintf(os.Stderr, "vm: "+format+"\n", a...) }

func main() {
	switch {
	case os.Getpid() == 1:
		guest() // does not return
	case os.Args[0] == service:
		work() // likewise
	}
	var copies, returns pairs
	copies.add(os.Getenv("VM_COPY"))
	returns.add(os.Getenv("VM_RETURN"))
	flag.Var(&copies, "copy", "`host[=guest]`: a file or directory to show in the guest; may be repeated")
	flag.Var(&returns, "return", "`guest[=host]`: a file or directory to copy back at the end; may be repeated")
	prep := flag.Bool("prepare", false, "build the image and exit")
	limit := flag.Duration("timeout", 0, "end the machine after this long, 0: as the test binary's -test.timeout says")
	var m machine
	flag.IntVar(&m.memory, "m", 1024, "guest memory in MiB")
	flag.IntVar(&m.cpus, "smp", 2, "guest CPUs")
	flag.BoolVar(&m.systemd, "systemd", false, "boot systemd, and run the command as a service")
	two := flag.Bool("pair", false, "two machines on one network")
	flag.Parse()
	if flag.NArg() == 0 && !*prep {
		fmt.Fprintln(os.Stderr, "usage: run [-copy HOST[=GUEST]] [-return GUEST[=HOST]] [-timeout D] COMMAND [ARGUMENT...] | -prepare")
		os.Exit(125)
	}
	code, err := 0, error(nil)
	if m.image, err = prepare(); err == nil && !*prep {
		code, err = run(m, *two, flag.Args(), copies, returns, *limit)
	}
	if err != nil {
		say("%v", err)
		code = 125
	}
	os.Exit(code)
}

// run makes a job of the command, boots the machine, or a pair of them, and returns
// the command's exit status.
func run(m machine, two bool, args []string, copies, returns pairs, limit time.Duration) (int, error) {
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	writes, own := testFlags(args, dir)
	for _, w := range writes {
		returns = append(returns, pair{w, w})
	}
	if limit == 0 && own > 0 {
		limit = own + 30*time.Second // the test binary reports its own time-out
	}
	if fi, err := os.Stat(args[0]); err == nil && fi.Mode().IsRegular() && strings.Contains(args[0], "/") {
		if args[0], err = filepath.Abs(args[0]); err != nil {
			return 0, err
		}
		copies = append(copies, pair{args[0], args[0]})
		// A package's test finds its testdata beside it.
		if td := filepath.Join(dir, "testdata"); isDir(td) {
			copies = append(copies, pair{td, td})
		}
	}
	tmp, err := os.MkdirTemp("", "obol-vm")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	machines := []machine{m}
	if two {
		if machines, err = m.double(); err != nil {
			return 0, err
		}
	}
	for i := range machines {
		m := &machines[i]
		m.initrd = filepath.Join(tmp, fmt.Sprintf("initrd%d", i+1))
		j := &job{Args: args, Env: append(os.Environ(), fmt.Sprintf("VM_MACHINE=%d", i+1)), Dir: dir, Return: returns, Systemd: m.systemd, LAN: m.lan != nil}
		if err := writeInitrd(m.initrd, m.image, j, copies); err != nil {
			return 0, err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return runAll(ctx, machines)
}

func isDir(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir()
}
