// Obol is the operator's command: it shows, clears, debugs and initiates
// through the daemon's control socket, and imports certificates and CRLs with
// and without a running daemon.

// As in obold: old CAs issue what Go's defaults refuse to parse.
//
//go:debug rsa1024min=0
//go:debug x509negativeserial=1
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/obol-ike/obol/internal/control"
)

const help = `Usage: obol [--socket PATH] [--store DIR] WORDS

Words are IOS's exec commands, abbreviated as on IOS (obol sh cry isa sa):

  show running-config                     as it was read, with the keys in it
  show crypto isakmp sa [detail | count]
  show crypto isakmp {policy | default policy | profile [tag NAME]}
  show crypto isakmp peers [ADDRESS]
  show crypto isakmp key                  prints the keys themselves
  show crypto ikev2 sa [local ADDRESS | remote ADDRESS] [detailed]
  show crypto ikev2 session [detailed]
  show crypto ikev2 stats [exchange | timeout]
  show crypto ikev2 diagnose error        how the last exchanges failed
  show crypto ikev2 {proposal | policy | profile} [NAME]
  show crypto ipsec {transform-set | profile} [tag NAME]
  show crypto ipsec security-association lifetime
  show crypto ipsec sa [peer ADDRESS | interface TUNNEL] [detail]
  show crypto ipsec sa count
  show crypto session [remote ADDRESS | interface TUNNEL] [detail]
  show crypto call admission statistics   refused and dropped messages
  show crypto pki certificates [verbose] [TRUSTPOINT]
  show crypto pki trustpoints [TRUSTPOINT] [status]
  show crypto pki crls
  show crypto pki counters                validations, and CRLs asked for
  show crypto pki trustpool [policy]
  show crypto key mypubkey {rsa | ec | all}  this and pki also without a daemon
  clear crypto isakmp [CONN-ID]
  clear crypto ikev2 sa [local ADDRESS | remote ADDRESS | psh TUNNEL-ID]
  clear crypto ikev2 {stats | certificate-cache | diagnose error}
  clear crypto pki counters
  clear crypto sa [peer ADDRESS]
  clear crypto session [remote ADDRESS]
  show ... '|' {include | exclude | begin | section} PATTERN
  debug crypto {isakmp | ikev2 | ipsec | pki} ...
  debug crypto ikev2 {error | internal | packet} ...
  debug crypto pki {transactions | validation} ...
                                          lines as they come, until interrupted
  initiate TUNNEL [--wait 90s]            negotiates and waits for the outcome;
                                          0s only starts it
  rekey {ipsec | ike} TUNNEL [--wait 90s] replaces its SAs, or its IKE SA, and waits
                                          for the successor; what stands stays till then
  configure diff [FILE]                   what a configuration would change, and why:
                                          which tunnels are new, go, are renegotiated,
                                          and which stay
  configure replace [FILE] [revert MINUTES]
                                          makes it the running one until the next
                                          start; without FILE that of obold's -c. With
                                          an error nothing changes. revert: the one
                                          before comes back, unless
  configure confirm                       follows in time
  configure revert {now | timer MINUTES}  goes back now, or later than said
  crypto pki import NAME pem [exportable] {--ca FILE [--cert FILE --key FILE] |
      terminal}
  crypto pki import NAME pkcs12 {FILE | terminal}
  crypto pki authenticate NAME            takes the CA's certificate, from the server
                                          of the enrollment url or pasted
  crypto pki enroll NAME [--wait 60s]     requests a certificate there, prints the
                                          request, or makes what is self-signed
  crypto pki import NAME certificate      takes what the CA has granted
  crypto pki trustpool import [clean] {url FILE | url http://... | terminal | ca-bundle}
                                          a bundle of CAs, PEM or PKCS #7, for peers that
                                          stand under no trustpoint; clean: in place of
                                          those that are there, alone: none
  crypto pki export NAME pem {terminal | url FILE} [3des | aes]
  crypto pki export NAME pkcs12 {terminal | FILE}
                                          with the key if it may leave
  crypto pki export NAME chain terminal   as a block of a running-config
  crypto pki expiry                       what runs out, soonest first
  crypto key export rsa NAME pem terminal {3des | aes}
  crypto key import rsa NAME pem [exportable] terminal
  crypto key generate rsa [general-keys | usage-keys] [label NAME]
      [modulus BITS] [exportable]
  crypto key generate ec keysize {256 | 384 | 521} [label NAME] [exportable]
  crypto key zeroize {rsa | ec} [NAME]    with the certificates issued for them
  crypto pki crl request NAME             asks the CA for its CRL now
  crypto pki crl import NAME FILE         imports work without a daemon too; a
                                          running one applies them at once

  check FILE... [--json]                  what will hurt in configurations, and
                                          between two or more: trustpoints,
                                          profiles, keys, algorithms; no daemon

  check FILE... --at DAY --revoke SERIAL@CA
                                          which tunnels fail on that day, or when
                                          that certificate is revoked, and why
  check FILE --store DIR ...              with the certificates of that store; the
                                          daemon's by itself for /etc/obol/obol.cfg
  lab A.cfg B.cfg [--initiator NAME|both] [--json] [--debug] [--debug-dir DIR]
      [--certificates NAME=FILE] [--at TIME] [--html FILE] [--pcap FILE]
                                          negotiates every tunnel of the two in
                                          memory, from either side, and says what
                                          comes of it, why, and what to change;
                                          --html: all of it as a page; --pcap: a
                                          capture, with keys for Wireshark beside

  --socket PATH   the daemon's socket                (default /run/obol/obol.sock)
  --store DIR     the store, where no daemon uses it (default /var/lib/obol)
  -c FILE         the running-config, where no daemon has it
  --key-passphrase-file FILE
                  opens the store's private keys, where no daemon does
  --yes           answers yes to what is asked
  --password-file FILE
                  its first line is the password or passphrase asked for
  --verbose       show the progress of initiate even where standard error is
                  no terminal

Exit status: 0 done; 1 refused or failed; 2 not a command, or no such tunnel;
3 no daemon. Of check: 0 nothing above info; 1 findings, or the store cannot
be read; 2 unusable input.
Of lab: 0 every direction is up; 1 one is down; 2 unusable input.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	if i := verb(args); i < len(args) {
		rest := slices.Concat(args[:i], args[i+1:])
		switch {
		case slices.Contains(rest, "--help") || slices.Contains(rest, "-h"):
			fmt.Fprint(stdout, help)
			return control.ExitDone
		case args[i] == "check":
			return check(rest, time.Now(), installed, stdout, stderr)
		case args[i] == "lab":
			return runLab(rest, time.Now(), stdout, stderr)
		}
	}
	o, err := parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "obol: %v; obol --help lists commands and options\n", err)
		return control.ExitInvalid
	case o.help:
		fmt.Fprint(stdout, help)
		return control.ExitDone
	}
	line := strings.Join(o.words, " ")
	cmd, err := control.Parse(line)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return control.ExitInvalid
	}
	request, err := o.request(cmd, line, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "%% %v\n", err)
		return control.ExitFailed
	}
	terminal := control.Terminal{Out: stdout, Err: stderr, Ask: newDesk(o, stdin, stderr).answer}
	var exported bytes.Buffer
	if cmd.Export != "" {
		terminal.Out = &exported
	}
	code, err := send(ctx, cmd, o, request, terminal)
	if err == nil && code == control.ExitDone && cmd.Export != "" {
		if err = writeNew(cmd.Export, exported.Bytes()); err != nil {
			code = control.ExitFailed
		} else {
			fmt.Fprintf(stdout, "Writing %s\n", cmd.Export)
		}
	}
	switch {
	case errors.Is(err, context.Canceled) && !cmd.Waits:
		return control.ExitDone // the operator ended a debug
	case errors.Is(err, context.Canceled):
		return control.ExitFailed
	case err != nil:
		fmt.Fprintf(stderr, "%% %v\n", err)
	}
	return code
}

// verb is where the first word stands: --socket and --store may come before it.
func verb(args []string) (i int) {
	for ; i < len(args); i++ {
		switch name, _, given := strings.Cut(args[i], "="); {
		case name != "--socket" && name != "--store":
			return i
		case !given:
			i++
		}
	}
	return i
}

// send asks the daemon. What concerns the store is done here when no daemon
// runs, or one that uses another store.
func send(ctx context.Context, cmd *control.Command, o options, r control.Request, t control.Terminal) (int, error) {
	if !cmd.OnStore() {
		return control.Do(ctx, o.socket, r, t)
	}
	dir, err := filepath.Abs(o.store)
	if err != nil {
		return control.ExitFailed, err
	}
	asked := r
	if o.storeGiven {
		asked.Files = append([]control.File{{Name: "store", Data: []byte(dir)}}, r.Files...)
	}
	code, err := control.Do(ctx, o.socket, asked, t)
	if errors.Is(err, control.ErrNoDaemon) || err == nil && code == control.ExitNoDaemon {
		offline := control.Offline{Store: dir, Config: o.config}
		if o.passphrase != "" {
			if offline.Passphrase, err = firstLine(o.passphrase); err != nil {
				return control.ExitFailed, err
			}
		}
		// The line has the words of the options by now, as the daemon would read it.
		if cmd, err = control.Parse(r.Line); err != nil {
			return control.ExitInvalid, err
		}
		return cmd.Offline(ctx, offline, r, t), nil
	}
	return code, err
}
