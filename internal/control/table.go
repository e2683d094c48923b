package control

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ios"
)

// A Command is an exec line that was understood.
type Command struct {
	Import Import // what the client brings along
	File   string // its path as the client wrote it, of all but ImportPEM
	Export string // the file that gets its text, as the client wrote it; "": the terminal does
	Asks   bool   // may ask its operator
	Waits  bool   // takes the words "wait SECONDS" and "verbose" at its end

	trustpoint string
	clean      bool            // the import takes the place of what is there
	exportable bool            // the key of an import may leave again
	shows      bool            // is a show command
	run        func(*exec) int // with a daemon
	offline    func(*exec) int // on the store alone; nil: needs a daemon
}

// Import is a kind of import.
type Import uint8

// Imports, and the files that belong to them.
const (
	NoImport      Import = iota
	ImportPEM            // "ca", and "cert" and "key" together or not at all
	ImportPKCS12         // "pkcs12" and "password"
	ImportCRL            // "crl"
	ImportPool           // "bundle"
	Configuration        // "config", of configure
)

// OnStore says whether the command works on the store, with or without a
// daemon.
func (c *Command) OnStore() bool { return c.offline != nil }

// exec is one command being carried out.
type exec struct {
	ctx      context.Context
	request  Request
	router   Router // nil: offline
	debugs   *debugging
	filter   filter  // of the text, nil: none
	here     Offline // without a daemon
	out, err io.Writer
	asker    func(context.Context, Question) (string, error)
}

// failf says why not, on one line.
func (e *exec) failf(format string, args ...any) int {
	fmt.Fprintf(e.err, "%% "+format+"\n", args...)
	return ExitFailed
}

// row makes a command of a syntax. But for debug, exec commands have no "no" form.
func row(syntax string, do func(*Command, *ios.Match)) ios.Command[*Command] {
	return ios.Command[*Command]{Syntax: syntax, Do: func(c *Command, m *ios.Match) {
		if m.Form != ios.Set {
			m.Fail("", "", "%q is for configurations, not for commands", m.Line.Tokens[0].Text)
			return
		}
		c.shows = m.Keywords()[0] == "show"
		do(c, m)
	}}
}

// address is one of either family, under a name.
func address(name string) string { return "{" + name + ":A.B.C.D | " + name + ":X:X::X}" }

// table holds the exec commands. Each handler turns its line into a Command and
// does nothing else, so that the client can understand a line without a daemon.
var table = (&ios.Mode[*Command]{Name: "exec", Strict: true}).Add(showTable...).Add(keyTable...).Add(enrolTable...).Add(exportTable...).Add(poolTable...).Add(authenticateCommand).Add(configureTable...).Add(
	row("clear crypto isakmp [id:<0-4294967295>]", func(c *Command, m *ios.Match) {
		c.run = command(ike.ClearISAKMP{ConnID: uint32(m.Int("id"))})
	}),
	row("clear crypto ikev2 sa [local "+address("local")+" | remote "+address("remote")+" | psh id:<1-4294967295>] [fast]", func(c *Command, m *ios.Match) {
		c.run = command(ike.ClearIKEv2{ConnID: uint32(m.Int("id")), Local: m.Addr("local"), Remote: m.Addr("remote"), Fast: m.Has("fast")})
	}),
	row("clear crypto ikev2 certificate-cache", func(c *Command, _ *ios.Match) { c.run = command(ike.ClearCertificateCache{}) }),
	row("clear crypto ikev2 diagnose error", func(c *Command, _ *ios.Match) { c.run = command(ike.ClearIKEv2Errors{}) }),
	row("clear crypto ikev2 stats", func(c *Command, _ *ios.Match) { c.run = command(ike.ClearIKEv2Stats{}) }),
	row("clear crypto pki counters", func(c *Command, _ *ios.Match) { c.run = command(ike.ClearPKICounters{}) }),
	row("clear crypto sa [peer "+address("peer")+"]", func(c *Command, m *ios.Match) {
		c.run = command(ike.ClearSA{Peer: m.Addr("peer")})
	}),
	row("clear crypto session [remote "+address("remote")+"]", func(c *Command, m *ios.Match) {
		c.run = command(ike.ClearSession{Remote: m.Addr("remote")})
	}),
	debugRow("debug "+debugWords, "", false), debugRow("debug "+debugIKEv2, "ikev2 ", false), debugRow("debug "+debugPKI, "pki ", false),
	debugRow("undebug "+debugWords, "", true), debugRow("undebug "+debugIKEv2, "ikev2 ", true), debugRow("undebug "+debugPKI, "pki ", true),
	debugRow("debug all", "", false), debugRow("undebug all", "", true),
	row("initiate INTERFACE [wait seconds:<0-3600>] [verbose]", func(c *Command, m *ios.Match) {
		tunnel, seconds, verbose := c.waits(m)
		c.run = func(e *exec) int { return e.initiate(tunnel, seconds, verbose) }
	}),
	row("rekey {ipsec | ike} INTERFACE [wait seconds:<0-3600>] [verbose]", func(c *Command, m *ios.Match) {
		tunnel, seconds, verbose := c.waits(m)
		phase1 := m.Has("ike")
		c.run = func(e *exec) int { return e.rekey(tunnel, phase1, seconds, verbose) }
	}),
	row("crypto pki import name:WORD pem [exportable]", func(c *Command, m *ios.Match) { c.imports(ImportPEM, m) }),
	row("crypto pki import name:WORD pkcs12 file:LINE", func(c *Command, m *ios.Match) { c.imports(ImportPKCS12, m) }),
	row("crypto pki import name:WORD pem [exportable] terminal", func(c *Command, m *ios.Match) { c.pastes(ImportPEM, m) }),
	row("crypto pki import name:WORD pkcs12 terminal", func(c *Command, m *ios.Match) { c.pastes(ImportPKCS12, m) }),
	row("crypto pki crl request name:WORD", func(c *Command, m *ios.Match) { c.run = command(ike.RequestCRL{Trustpoint: m.Str("name")}) }),
	row("crypto pki crl import name:WORD file:LINE", func(c *Command, m *ios.Match) { c.imports(ImportCRL, m) }),
)

func (c *Command) imports(kind Import, m *ios.Match) {
	c.Import, c.trustpoint, c.File, c.exportable = kind, m.Str("name"), m.Str("file"), m.Has("exportable")
	c.run = func(e *exec) int { return e.importInto(kind, c) }
	c.offline, c.Asks = c.run, kind == ImportPKCS12 || kind == ImportPEM
}

// pastes is an import of what the operator pastes: the client brings no files.
func (c *Command) pastes(kind Import, m *ios.Match) {
	c.trustpoint, c.exportable = m.Str("name"), m.Has("exportable")
	c.asks(func(e *exec) int { return e.pasteInto(kind, c) })
}

// waits is a command that waits for what becomes of a tunnel.
func (c *Command) waits(m *ios.Match) (tunnel string, seconds int, verbose bool) {
	c.Waits, seconds = true, defaultWait
	if m.Has("wait") {
		seconds = m.Int("seconds")
	}
	return m.Str("INTERFACE"), seconds, m.Has("verbose")
}

// asks is a command on the store that may ask its operator.
func (c *Command) asks(run func(*exec) int) { c.run, c.offline, c.Asks = run, run, true }

// command hands a command to the engine.
func command(cmd ike.Command) func(*exec) int {
	return func(e *exec) int {
		if err := e.router.Command(e.ctx, cmd); err != nil {
			return e.failf("%v", err)
		}
		return ExitDone
	}
}

// Parse understands an exec line, with IOS's abbreviations. The error is what
// IOS prints ("% Invalid input detected at '^' marker.", under the line), and
// what could stand there.
func Parse(line string) (*Command, error) {
	var c Command
	command, filter, fault := modified(line)
	if fault == nil {
		fault = table.Exec(&c, command)
	}
	if fault == nil {
		if filter != nil && !c.shows {
			return nil, errNotShow(command)
		}
		c.modify(filter)
		return &c, nil
	}
	text := fault.Exec(0)
	if fault.Kind == ios.Invalid {
		text = fault.Source + "\n" + text
	}
	if fault.Want != "" {
		text += "\n% " + fault.Want
	}
	return nil, errors.New(text)
}

// Handle makes a Handler of a Router.
func Handle(router Router) Handler {
	var on debugging
	return func(ctx context.Context, r Request, a *Answer) int {
		cmd, err := Parse(r.Line)
		if err != nil {
			fmt.Fprintln(a.Err(), err)
			return ExitInvalid
		}
		if dir := r.File("store"); dir != nil && string(dir) != router.Store() {
			return ExitNoDaemon // of that store, that is
		}
		return cmd.run(&exec{ctx: ctx, request: r, router: router, debugs: &on, out: a.Out(), err: a.Err(), asker: a.Ask})
	}
}

// Offline is what a command has without a daemon.
type Offline struct {
	Store      string // the directory
	Passphrase string // of its private keys, "" when they are not encrypted
	Config     string // file of the running-config, "" when none is given
}

// Offline carries out a command on a store without a daemon.
func (c *Command) Offline(ctx context.Context, here Offline, r Request, t Terminal) int {
	return c.offline(&exec{ctx: ctx, request: r, here: here, out: t.Out, err: t.Err, asker: t.ask})
}
