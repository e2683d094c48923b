package control

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// importInto carries out an import.
func (e *exec) importInto(kind Import, c *Command) int {
	if err := e.unlock(kind); err != nil {
		return e.failf("%v", err)
	}
	var said func()
	err := e.onStore(func(st *store.Store) (err error) {
		said, err = e.change(st, kind, c)
		return err
	})
	if said != nil {
		said()
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

// unlock asks for what a key is encrypted with.
func (e *exec) unlock(kind Import) error {
	switch kind {
	case ImportPKCS12:
		password, err := e.ask(Question{Secret, "Password: "})
		e.bring("password", password)
		return err
	case ImportPEM:
		for i, f := range e.request.Files {
			if f.Name != "key" {
				continue
			}
			plain, err := e.decrypt(f.Data)
			if err == nil {
				e.request.Files[i].Data = plain
			}
			return err
		}
	}
	return nil
}

func (e *exec) bring(name, data string) {
	e.request.Files = append(e.request.Files, File{Name: name, Data: []byte(data)})
}

// pasteInto is an import of what is pasted, one thing after the other.
func (e *exec) pasteInto(kind Import, c *Command) int {
	const blank = "% End with a blank line or \"quit\" on a line by itself.\n"
	asked := []struct{ file, prompt string }{{"pkcs12", "Enter the base 64 encoded pkcs12.\nEnd with a blank line or the word \"quit\" on a line by itself:\n"}}
	done := "CRYPTO_PKI: Imported PKCS12 file successfully."
	if kind == ImportPEM {
		asked = []struct{ file, prompt string }{
			{"ca", "% Enter PEM-formatted CA certificate.\n" + blank},
			{"key", "% Enter PEM-formatted encrypted private General Purpose key.\n% End with \"quit\" on a line by itself.\n"},
			{"cert", "% Enter PEM-formatted General Purpose certificate.\n" + blank},
		}
		done = "% PEM files import succeeded."
	}
	for _, a := range asked {
		text, err := e.ask(Question{Paste, a.prompt})
		if err != nil {
			return e.failf("%v", err)
		}
		if kind == ImportPKCS12 {
			der, err := base64.StdEncoding.DecodeString(unframed(text))
			if err != nil {
				return e.failf("what was pasted is no base64")
			}
			text = string(der)
		}
		e.bring(a.file, text)
	}
	code := e.importInto(kind, c)
	if code == ExitDone {
		fmt.Fprintln(e.out, done)
	}
	return code
}

// unframed is the base64 of a text without blanks and without a frame, of PEM or of
// export.
func unframed(text string) (s string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != PKCS12Begins && !strings.HasPrefix(line, "---") {
			s += line
		}
	}
	return s
}

// onStore changes the store: through the daemon, which adopts it at once, or the
// store alone.
func (e *exec) onStore(change func(*store.Store) error) error {
	if e.router != nil {
		return e.router.Change(e.ctx, change)
	}
	st, err := e.openHere()
	if err != nil {
		return err
	}
	return change(st)
}

// openHere opens the store without a daemon.
func (e *exec) openHere() (*store.Store, error) {
	st, err := store.Open(e.here.Store)
	if err == nil {
		st.UsePassphrase([]byte(e.here.Passphrase))
	}
	return st, err
}

// storeHere is the store to read from.
func (e *exec) storeHere() (*store.Store, error) {
	if e.router != nil {
		return e.router.Enrolment().Store, nil
	}
	return e.openHere()
}

// change does it and gives what is to be said about it.
func (e *exec) change(st *store.Store, kind Import, c *Command) (said func(), err error) {
	file := e.request.File
	switch kind {
	case ImportPEM:
		install := st.ImportPEM
		if c.exportable {
			install = st.ImportExportable
		}
		imported, err := install(c.trustpoint, file("ca"), file("cert"), file("key"))
		if err != nil {
			return nil, err
		}
		return func() { e.tell(imported) }, nil
	case ImportPKCS12:
		imported, err := st.ImportPKCS12(c.trustpoint, file("pkcs12"), string(file("password")))
		if err != nil {
			return nil, err
		}
		return func() { e.tell(imported) }, nil
	case ImportPool:
		return e.pool(st, file("bundle"), c.clean)
	default:
		imported, err := st.ImportCRL(c.trustpoint, file("crl"))
		if err != nil {
			return nil, err
		}
		return func() { e.tellCRL(imported) }, nil
	}
}

func (e *exec) tell(i store.Imported) {
	verb := "imported"
	if i.Replaced {
		verb = "replaced"
	}
	fmt.Fprintf(e.out, "Trustpoint %s %s\n", i.Trustpoint, verb)
	if i.CA != nil {
		e.tellCertificate("CA certificate", i.CA)
	}
	if i.Identity != nil {
		e.tellCertificate("Certificate", i.Identity)
		e.tellSerial()
	}
	e.warnUnused(i.Trustpoint)
	e.warn(i.Warnings)
}

// warnUnused says that the running configuration has no such trustpoint: a
// misspelt name would be found only when a negotiation fails.
func (e *exec) warnUnused(name string) {
	if e.router == nil || slices.ContainsFunc(e.router.Config().Trustpoints, func(s pki.Settings) bool { return s.Name == name }) {
		return
	}
	e.warn([]string{fmt.Sprintf("the running configuration has no crypto pki trustpoint %s: it is kept, and not used", name)})
}

func (e *exec) tellCertificate(what string, c *pki.Certificate) {
	fmt.Fprintf(e.out, "  %s %s\n    serial number (hex) %s, valid until %s\n", what, c.Subject, c.Serial, day(c.X509.NotAfter))
}

// tellSerial says which number a subject with serial-number has to carry.
func (e *exec) tellSerial() {
	if e.router != nil && e.router.Config().Serial != "" {
		fmt.Fprintf(e.out, "  The serial number of this router is %s (!obol serial-number)\n", e.router.Config().Serial)
		return
	}
	if serial := machineSerial(); serial != "" {
		fmt.Fprintf(e.out, "  The serial number of this router is %s (from the machine-id), unless its configuration says `!obol serial-number`\n", serial)
	}
}

func (e *exec) tellCRL(i store.ImportedCRL) {
	fmt.Fprintf(e.out, "CRL of trustpoint %s imported\n", i.Trustpoint)
	e.warn(i.Warnings)
}

func (e *exec) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(e.err, "%% Warning: %s\n", w)
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
