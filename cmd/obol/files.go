package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/obol-ike/obol/internal/control"
)

// request makes the request of a command: its line, with what options add to
// its words, and the files that an import needs. The daemon never reads a path
// that a client names.
func (o options) request(cmd *control.Command, line string, stderr io.Writer) (control.Request, error) {
	r := control.Request{Line: line}
	if cmd.Waits {
		if o.wait >= 0 {
			r.Line += fmt.Sprintf(" wait %d", int(math.Ceil(o.wait.Seconds())))
		}
		if o.verbose || isTerminal(stderr) {
			r.Line += " verbose"
		}
	}
	switch {
	case !cmd.Waits && o.wait >= 0:
		return r, errors.New("--wait belongs to initiate, rekey and crypto pki enroll")
	case !cmd.Asks && (o.yes || o.passwordFile != ""):
		return r, errors.New("--yes and --password-file belong to commands that ask")
	case cmd.Import != control.ImportPEM && (o.ca != "" || o.cert != "" || o.key != ""):
		return r, errors.New("--ca, --cert and --key belong to crypto pki import NAME pem")
	}
	add := func(name, path string) error {
		data, err := readFile(path)
		if err != nil {
			return err
		}
		r.Files = append(r.Files, control.File{Name: name, Data: data})
		return nil
	}
	switch cmd.Import {
	case control.ImportPEM:
		if o.ca == "" {
			return r, errors.New("--ca FILE is missing: the certificate of the CA")
		}
		if (o.cert == "") != (o.key == "") {
			return r, errors.New("--cert and --key go together: the router's certificate and its private key")
		}
		if err := add("ca", o.ca); err != nil || o.cert == "" {
			return r, err
		}
		return r, errors.Join(add("cert", o.cert), add("key", o.key))
	case control.ImportPKCS12:
		if err := add("pkcs12", cmd.File); err != nil {
			return r, err
		}
		return r, nil
	case control.ImportCRL:
		return r, add("crl", cmd.File)
	case control.Configuration:
		return r, add("config", cmd.File)
	case control.ImportPool:
		return r, add("bundle", cmd.File)
	}
	return r, nil
}

// readFile reads a file whole, and none that no daemon would take.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, control.MaxRequest+1))
	if err == nil && len(data) > control.MaxRequest {
		err = fmt.Errorf("%s: longer than %d octets", path, control.MaxRequest)
	}
	return data, err
}

// writeNew makes a file that nobody else may read, and replaces none.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
