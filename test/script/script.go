// Package script holds what scenarios in memory and on sockets share: what a
// script says of its routers before they start, and what their debug lines tell of
// a negotiation.
package script

import (
	"crypto"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/test/testca"
)

// Router is what a script has said about one router.
type Router struct {
	Name     string
	Config   string      // running-config
	Enrolled []Enrolment // oldest first
}

// Enrolment is a trustpoint with its certificate.
type Enrolment struct {
	Trustpoint string
	*testca.Identity
}

// Setup is the state of a script before its routers start.
type Setup struct {
	Routers []*Router
	CAs     map[string]*testca.CA // by trustpoint
	Bits    int                   // of RSA keys: 1024 or 2048

	configs string // directory of the examples
	keys    int    // that were given out; the CAs have three more
}

// New begins with the archive's configurations. configs is the directory of the
// examples that the command config names. RSA keys, the CAs' too, have 1024 or 2048
// bits.
func New(archive *txtar.Archive, configs string, bits int) *Setup {
	ca := func(cn string, key int) *testca.CA { return testca.NewWith(cn, testca.RSA(bits, key), crypto.SHA256) }
	ca1, ca2 := ca("CA1", 0), ca("CA2", 1)
	s := &Setup{Bits: bits, configs: configs, CAs: map[string]*testca.CA{"IOSCA1": ca1, "IOSCA2": ca2, "TP1": ca1, "TP2": ca2}}
	for _, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, ".cfg")
		if ok && !strings.Contains(name, "-") {
			s.Routers = append(s.Routers, &Router{Name: name, Config: string(f.Data)})
		}
	}
	return s
}

// Complete adds the note's configurations where an archive has none of its own.
func Complete(archive *txtar.Archive, configs string) error {
	for _, name := range []string{"R1.cfg", "R2.cfg"} {
		if slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == name }) {
			continue
		}
		text, err := os.ReadFile(configs + "/note/ikev1-" + strings.ToLower(name))
		if err != nil {
			return err
		}
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: text})
	}
	return nil
}

// ErrOther is the error for a line that says nothing about a router before its
// start.
var ErrOther = errors.New("no such command")

// Command does what a line says: config, enrol, drop or add.
func (s *Setup) Command(line string) error {
	words := strings.Fields(line)
	switch words[0] {
	case "config":
		for _, r := range s.Routers {
			text, err := os.ReadFile(s.configs + "/" + words[1] + strings.ToLower(r.Name) + ".cfg")
			if err != nil {
				return err
			}
			r.Config = string(text)
		}
		return nil
	case "enrol", "drop", "add":
	default:
		return ErrOther
	}
	if words[0] == "enrol" {
		return s.Enrol(words[1], words[2:]...)
	}
	r, err := s.Router(words[1])
	if err != nil {
		return err
	}
	_, text, _ := strings.Cut(strings.TrimPrefix(line, words[0]+" "), " ")
	if words[0] == "drop" {
		return r.drop(text)
	}
	for _, l := range strings.Split(text, "|") {
		r.Config += strings.TrimSpace(l) + "\n"
	}
	return nil
}

// Router finds a router by its name.
func (s *Setup) Router(name string) (*Router, error) {
	for _, r := range s.Routers {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("no router %s", name)
}

// Enrol gives a router certificates of the CAs behind trustpoints. IOSCA2/v1 is one
// of X.509 version 1, IOSCA2/sha512-256 one that is signed with a hash that no
// router knows.
func (s *Setup) Enrol(router string, trustpoints ...string) error {
	r, err := s.Router(router)
	if err != nil {
		return err
	}
	name := testca.RouterName("R1", "192.168.0.1", "100")
	if r.Name == "R2" {
		name = testca.RouterName("R2", "192.168.0.2", "101")
	}
	for _, word := range trustpoints {
		trustpoint, kind, _ := strings.Cut(word, "/")
		ca, ok := s.CAs[trustpoint]
		if !ok {
			return fmt.Errorf("no CA stands behind trustpoint %s", trustpoint)
		}
		id := &testca.Identity{CA: ca, Key: testca.RSA(s.Bits, 3+s.keys%5)}
		cert := testca.Certificate{Subject: name.DER(), Key: id.Key.Public(), Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature | testca.KeyEncipherment)}}
		hash := ca.Hash
		switch kind {
		case "":
		case "v1":
			cert.Version = 1
		case "sha512-256":
			ca.Hash = crypto.SHA512_256
		default:
			return fmt.Errorf("no such kind of certificate: %s", kind)
		}
		id.Cert, ca.Hash = ca.Issue(cert), hash
		s.keys++
		r.Enrolled = append(r.Enrolled, Enrolment{trustpoint, id})
	}
	return nil
}

// drop takes a line out of a configuration.
func (r *Router) drop(text string) error {
	lines := strings.Split(r.Config, "\n")
	kept := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.TrimSpace(l) == text })
	if len(kept) == len(lines) {
		return fmt.Errorf("%s has no line %q", r.Name, text)
	}
	r.Config = strings.Join(kept, "\n")
	return nil
}
