package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
)

func (r *router) Compare(source *policy.Source, remarks io.Writer) (policy.Difference, error) {
	cfg, err := r.compile(source, remarks)
	return policy.Compare(r.Config(), cfg), err
}

func (r *router) Replace(ctx context.Context, source *policy.Source, revert time.Duration, remarks io.Writer) (policy.Difference, error) {
	cfg, err := r.compile(source, remarks)
	if err == nil {
		err = r.Command(ctx, ike.Adopt{Config: cfg, Revert: revert})
	}
	d := policy.Compare(r.Config(), cfg)
	if err == nil {
		r.config = cfg
	}
	return d, err
}

func (r *router) compile(source *policy.Source, remarks io.Writer) (*policy.Config, error) {
	if source == nil {
		source = &policy.Source{Name: "startup", Text: []byte(r.startup)}
	}
	cfg, errs := policy.Compile(*source)
	if errs != nil {
		return r.Config(), errs
	}
	for _, w := range cfg.Ignored {
		fmt.Fprintln(remarks, w.Pos, w.Text)
	}
	return cfg, nil
}

const plain = `interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 10.1.0.1
 tunnel destination 10.1.0.2
interface Tunnel2
 tunnel source 10.1.0.1
 tunnel destination 10.1.0.3
`

func TestConfigure(t *testing.T) {
	r := newRouter(t)
	r.startup = plain
	running, errs := policy.Compile(policy.Source{Name: "before", Text: []byte(plain)})
	if errs != nil {
		t.Fatal(errs)
	}
	r.config = running
	edited := strings.Replace(plain, "10.1.0.3", "10.1.0.9", 1) + "interface Tunnel3\n tunnel source 10.1.0.1\n tunnel destination 10.1.0.4\nip route 10.7.0.0 255.255.0.0 Tunnel3\n"
	const changes = `1 new, 0 removed, 1 renegotiated, 1 untouched
renegotiated: Tunnel2: interface Tunnel2 (new.cfg:5)
new: Tunnel3
new: the route to 10.7.0.0/16 (new.cfg:11)
`
	for _, test := range []struct {
		line, text string
		code       int
		out, err   string
		command    ike.Command
	}{
		{"conf diff new.cfg", edited, ExitDone, changes, "", nil},
		{"configure diff", "", ExitDone, "0 new, 0 removed, 0 renegotiated, 2 untouched\n", "", nil},
		{"configure diff new.cfg", "interface Tunnel1\n tunnel sauce 10.1.0.1\n", ExitFailed, "", "new.cfg:2:9: ", nil},
		{"configure replace new.cfg", "snmp-server community x\ninterface Tunnel1\n tunnel sauce 10.1.0.1\n", ExitFailed, "", "new.cfg:3:9: ", nil},
		{"configure replace new.cfg revert 0", edited, ExitInvalid, "", "% Invalid input", nil},
		{"configure replace new.cfg revert 5", edited, ExitDone, changes + "The configuration before comes back in 5 minutes; configure confirm keeps this one\n", "",
			ike.Adopt{Revert: 5 * time.Minute}},
		{"configure confirm", "", ExitDone, "", "", ike.Confirm{}},
		{"configure revert now", "", ExitDone, "", "", ike.Revert{}},
		{"configure revert timer 7", "", ExitDone, "", "", ike.Revert{After: 7 * time.Minute}},
		{"configure replace", "", ExitDone, "0 new, 1 removed, 1 renegotiated, 1 untouched\nrenegotiated: Tunnel2: interface Tunnel2 (startup:5)\nremoved: Tunnel3\nremoved: the route to 10.7.0.0/16 (new.cfg:11)\n", "", ike.Adopt{}},
	} {
		r.commands = nil
		var files []File
		if test.text != "" {
			files = []File{{configFile, []byte(test.text)}}
		}
		code, out, err := r.do(t.Context(), test.line, files...)
		if code != test.code || strings.TrimPrefix(out, "% a notice\n") != test.out || !strings.Contains(err, test.err) || test.err == "" && err != "" {
			t.Errorf("%q: exit %d\n%s%s\nwant %d\n%s%s", test.line, code, out, err, test.code, test.out, test.err)
		}
		var got ike.Command
		if len(r.commands) == 1 {
			got = r.commands[0]
		}
		if a, ok := got.(ike.Adopt); ok {
			got = ike.Adopt{Revert: a.Revert}
		}
		if got != test.command {
			t.Errorf("%q: command %+v, want %+v", test.line, got, test.command)
		}
	}
}
