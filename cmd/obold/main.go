// Obold is the daemon: it reads a Cisco IOS configuration, negotiates IKE as
// IOS does, and keys the Linux kernel, or carries the traffic itself.

// Old IOS CAs issue keys under 1024 bits and negative serial numbers; what of
// it is accepted, package pki decides by policy and says so.
//
//go:debug rsa1024min=0
//go:debug x509negativeserial=1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/obol-ike/obol/internal/daemon"
	"github.com/obol-ike/obol/internal/ioslog"
)

const help = `Usage: obold -c FILE [flags]

Obold reads a Cisco IOS running-config, speaks IKE with its peers as IOS does,
and makes the tunnels of the configuration on this host. It stays in the
foreground and says "obold: ready" on standard error once its sockets and
interfaces stand. The command obol shows, clears, debugs and imports.

  -c FILE                the running-config
  --store DIR            certificates, keys and CRLs      (default /var/lib/obol)
  --key-passphrase-file FILE
                         private keys are encrypted in the store with the first
                         line of FILE; without it systemd's credential
                         obol-key-passphrase, if there is one
  --socket PATH          where obol finds the daemon      (default /run/obol/obol.sock)
  --initiate auto|manual auto, as IOS: a tunnel negotiates at once and again
                         every 30 s; manual: only by "obol initiate"
                                                          (default auto)
  --dataplane auto|xfrm|userspace|none
                         what carries the SAs: the kernel; obold itself, on TUN
                         devices (no AH); or nothing: none keeps them in memory,
                         encrypts nothing and makes no interface. auto: the
                         kernel if it has all that is needed, else userspace
                                                          (default auto)
  --debug WORDS          debug lines in the log: isakmp,ikev2,ipsec,pki
  --check                compile the configuration, say what is wrong with it,
                         and end

SIGTERM and SIGINT stop it: the peers are told, and every interface, route,
policy and SA of its own is removed. SIGHUP reads FILE again: tunnels that it
leaves as they are keep their SAs, and with an error in it nothing changes; the
log says which. SIGUSR2 ends obold for the next one, which goes on with every SA
within five minutes; the kernel stays as it is. obol configure replace takes another file, until the next start.
Imports with obol hold at once.

Exit status: 0 stopped on request, or --check found no error; 1 configuration
or store unusable; 2 wrong usage; 3 the system refused: port in use, missing
capability, nothing to carry the SAs.
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	o, check, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		return daemon.ExitStopped
	case err != nil:
		fmt.Fprintf(stderr, "obold: %v; obold --help lists the flags\n", err)
		return daemon.ExitUsage
	}
	if check {
		cfg, err := daemon.Compile(o.Config)
		if err == nil {
			daemon.Remarks(stdout, cfg)
		}
		return exit(err, stderr)
	}
	// Who reads the log may end first. By default Go dies of the next line then,
	// with everything of ours left in the kernel.
	signal.Ignore(syscall.SIGPIPE)
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	o.Reload = reload
	handOver := make(chan os.Signal, 1)
	signal.Notify(handOver, syscall.SIGUSR2)
	o.HandOver = handOver
	o.Journal, _ = journal.StderrIsJournalStream() // what it cannot tell is no journal
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return exit(daemon.Run(ctx, o), stderr)
}

var planes = []daemon.Plane{daemon.Auto, daemon.Kernel, daemon.Userspace, daemon.None}

// parse reads the flags. Its errors are usage errors.
func parse(args []string, stderr io.Writer) (o daemon.Options, check bool, err error) {
	o.Stderr = stderr
	flags := flag.NewFlagSet("obold", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Config, "c", "", "")
	flags.StringVar(&o.Store, "store", "/var/lib/obol", "")
	flags.StringVar(&o.KeyPassphraseFile, "key-passphrase-file", credential("obol-key-passphrase"), "")
	flags.StringVar(&o.Socket, "socket", "/run/obol/obol.sock", "")
	flags.BoolVar(&check, "check", false, "")
	initiate := flags.String("initiate", "auto", "")
	dataplane := flags.String("dataplane", string(daemon.Auto), "")
	debug := flags.String("debug", "", "")
	if err := flags.Parse(args); err != nil {
		return o, false, err
	}
	switch {
	case flags.NArg() > 0:
		return o, false, fmt.Errorf("%q is no flag", flags.Arg(0))
	case o.Config == "":
		return o, false, errors.New("-c FILE is missing")
	case *initiate != "auto" && *initiate != "manual":
		return o, false, fmt.Errorf("--initiate %q: want auto or manual", *initiate)
	case !slices.Contains(planes, daemon.Plane(*dataplane)):
		return o, false, fmt.Errorf("--dataplane %q: want auto, xfrm, userspace or none", *dataplane)
	}
	o.Manual = *initiate == "manual"
	o.Plane = daemon.Plane(*dataplane)
	o.Debug, err = facilities(*debug)
	return o, check, err
}

// credential is the file of a credential that systemd passes (systemd.exec(5),
// LoadCredential), "" when it passes none of that name.
func credential(name string) string {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return ""
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// facilities are those of the commands that words names, with commas between.
func facilities(words string) ([]ioslog.Facility, error) {
	var list []ioslog.Facility
	for word := range strings.SplitSeq(words, ",") {
		i := slices.IndexFunc(ioslog.Debugs, func(d ioslog.Debug) bool { return d.Words == strings.TrimSpace(word) })
		switch {
		case i >= 0:
			list = append(list, ioslog.Debugs[i].Facilities...)
		case words != "":
			return nil, fmt.Errorf("--debug %q: want isakmp, ikev2, ipsec or pki, or ikev2 error, internal or packet", word)
		}
	}
	return list, nil
}

// exit prints why the daemon ended, every line of it, and gives its status.
func exit(err error, stderr io.Writer) int {
	if err == nil {
		return daemon.ExitStopped
	}
	refused, ok := errors.AsType[*daemon.Error](err)
	if !ok {
		refused = &daemon.Error{Exit: daemon.ExitSystem, Err: err}
	}
	if refused.Exit == daemon.ExitConfig {
		fmt.Fprintln(stderr, err) // FILE:LINE:COL, as editors read it
	} else {
		fmt.Fprintf(stderr, "obold: %v\n", err)
	}
	return refused.Exit
}
