package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/obol-ike/obol/test/testca"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"obol": main}) }

// TestScripts runs what an operator types, without a daemon, and looks at what
// comes back. Every script finds the note's CA1, a router certificate of it and
// its key and CRL, and the note's configurations.
func TestScripts(t *testing.T) {
	ca := testca.New("CA1", 1)
	r1 := ca.Enroll("R1", "192.168.0.1", "100", 3)
	p12, err := pkcs12.Modern.Encode(r1.Key, r1.Cert.X509, []*x509.Certificate{ca.Cert.X509}, "cisco")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"ca1.pem": testca.CertPEM(ca.Cert), "r1.pem": testca.CertPEM(r1.Cert), "r1.key": r1.KeyPEM(),
		"ca1.key": (&testca.Identity{Key: ca.Key}).KeyPEM(),
		"ca1.crl": testca.CRLPEM(ca.CRL()), "r1.p12": p12, "password": []byte("cisco\n"),
	}
	for _, router := range []string{"r1", "r2"} {
		if files["note-"+router+".cfg"], err = os.ReadFile("../../configs/note/ikev1-" + router + ".cfg"); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
		Setup: func(env *testscript.Env) error {
			for name, data := range files {
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func TestOptionsInAnyPlace(t *testing.T) {
	for _, args := range [][]string{
		{"--socket", "S", "initiate", "Tunnel1", "--wait", "90s"},
		{"initiate", "--wait=90s", "Tunnel1", "--socket=S"},
	} {
		o, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		if o.socket != "S" || o.wait.Seconds() != 90 || len(o.words) != 2 || o.words[1] != "Tunnel1" {
			t.Errorf("%q: %+v", args, o)
		}
	}
	o, err := parse([]string{"crypto", "--", "--ca"})
	if err != nil || len(o.words) != 2 || o.words[1] != "--ca" {
		t.Errorf("after --: %+v, %v", o, err)
	}
}

// status runs a command that has to end with a certain exit status:
//
//	status 2 obol show bogus
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit status %d, want %s", code, args[0])
	}
}
