package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// keysDir holds the key pairs that have labels of their own.
const keysDir = "keys"

// Regenerated ends the label of a key that is to replace the one without it when
// its certificate is granted, as auto-enroll regenerate makes one.
const Regenerated = "#"

// checkLabel accepts what can be the label of a key.
func checkLabel(label string) error {
	if checkName(strings.TrimSuffix(label, Regenerated)) != nil {
		return fmt.Errorf("key label %q: up to 128 letters, digits and -_.+:@ are expected, not beginning with a dot", label)
	}
	return nil
}

// keyFile is the name in the store.
func keyFile(kind pki.KeyKind, label string) string {
	return filepath.Join(keysDir, string(kind)+"."+label+".pem")
}

func (s *Store) keyPath(kind pki.KeyKind, label string) string {
	return filepath.Join(s.dir, keyFile(kind, label))
}

// Keys are the key pairs with labels of their own, by kind and label. A pair for
// usage is two, the signature key first.
func (s *Store) Keys() ([]*pki.KeyPair, error) {
	unlock, err := s.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.keys()
}

func (s *Store) keys() ([]*pki.KeyPair, error) {
	files, err := os.ReadDir(filepath.Join(s.dir, keysDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: %w", err)
	}
	var keys []*pki.KeyPair
	for _, f := range files { // sorted by name
		kind, label, ok := cutKeyFile(f.Name())
		if !ok {
			continue
		}
		pairs, err := s.readKeys(kind, label)
		if err != nil {
			return nil, err
		}
		keys = append(keys, pairs...)
	}
	return keys, nil
}

// cutKeyFile splits KIND.LABEL.pem.
func cutKeyFile(file string) (kind pki.KeyKind, label string, ok bool) {
	word, rest, _ := strings.Cut(file, ".")
	label, ok = strings.CutSuffix(rest, ".pem")
	kind = pki.KeyKind(word)
	return kind, label, ok && (kind == pki.RSA || kind == pki.EC) && checkLabel(label) == nil
}

func (s *Store) readKeys(kind pki.KeyKind, label string) ([]*pki.KeyPair, error) {
	path := s.keyPath(kind, label)
	data, err := readFile(path, pki.MaxImportLen)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if data, err = s.decrypt(filepath.Base(path), data); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	pairs, err := pki.ParseKeyPairs(data)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	for _, k := range pairs {
		k.Label = label // the file's name counts: a key is renamed with it
	}
	return pairs, nil
}

// decrypt opens the keys of a file.
func (s *Store) decrypt(file string, data []byte) ([]byte, error) {
	plain, err := pki.DecryptPEM(data, s.passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return plain, nil
}

// Key finds the pair of a label that signs; nil when there is none. A key that
// only a trustpoint has, because it was imported with its certificate, is found
// too.
func (s *Store) Key(kind pki.KeyKind, label string) (*pki.KeyPair, error) {
	unlock, err := s.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all, err := s.everyKey()
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if k.Kind() == kind && k.Label == label && k.Usage != pki.EncryptionKey {
			return k, nil
		}
	}
	return nil, nil
}

// everyKey lists those of labels, then those of trustpoints.
func (s *Store) everyKey() ([]*pki.KeyPair, error) {
	all, err := s.keys()
	if err != nil {
		return nil, err
	}
	current, err := s.entries()
	if err != nil {
		return nil, err
	}
	for _, e := range current {
		if tp, err := s.read(e); err == nil && tp.Key != nil {
			all = append(all, tp.Key)
		}
	}
	return all, nil
}

// PutKeys keeps a key pair under its label, in the place of any other; the two of
// a pair for usage go together. A certificate of the key that it replaces goes, as
// with Zeroize.
func (s *Store) PutKeys(pairs ...*pki.KeyPair) error {
	first := pairs[0]
	if err := checkLabel(first.Label); err != nil {
		return err
	}
	unlock, err := s.lock(true)
	if err != nil {
		return err
	}
	defer unlock()
	var data []byte
	for _, k := range pairs {
		text, err := k.PEM(rand.Reader, s.passphrase)
		if err != nil {
			return err
		}
		data = append(data, text...)
	}
	c := &change{}
	if _, err := os.Stat(s.keyPath(first.Kind(), first.Label)); err == nil {
		if _, err := s.dropIdentities(c, first.Kind(), first.Label); err != nil {
			return err
		}
	}
	if err := s.putKeyFile(c, keyFile(first.Kind(), first.Label), data); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// putKeyFile ends a change with a key file.
func (s *Store) putKeyFile(c *change, file string, data []byte) error {
	dir := filepath.Join(s.dir, keysDir)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	} else if err == nil {
		if err := errors.Join(s.giveDir(dir), syncDir(s.dir)); err != nil {
			return err
		}
	}
	aside, err := s.stage(filepath.Base(file), data)
	if err != nil {
		return err
	}
	c.rename(aside, file)
	return s.commit(c)
}

// A user is a trustpoint whose certificate is of a key.
type user struct {
	entry
	tp *pki.Trustpoint
}

// users are those of a key's label, sorted; without one, of any key of the kind.
func (s *Store) users(kind pki.KeyKind, label string) ([]user, error) {
	current, err := s.entries()
	if err != nil {
		return nil, err
	}
	var users []user
	for _, e := range current {
		tp, err := s.read(e)
		if err != nil {
			return nil, fmt.Errorf("store: %s: %w", e.path, err)
		}
		if tp.Key != nil && tp.Key.Kind() == kind && (label == "" || tp.Key.Label == label) {
			users = append(users, user{e, tp})
		}
	}
	slices.SortFunc(users, func(a, b user) int { return strings.Compare(a.name, b.name) })
	return users, nil
}

// Zeroize removes the keys of a label, all of the kind without one, and with them
// the certificates that were issued for them, as IOS does. It gives the labels
// that are gone and the trustpoints that have lost their certificate.
func (s *Store) Zeroize(kind pki.KeyKind, label string) (labels, trustpoints []string, err error) {
	unlock, err := s.lock(true)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	c := &change{}
	labelled, err := s.keys()
	if err != nil {
		return nil, nil, err
	}
	for _, k := range labelled {
		if k.Kind() == kind && (label == "" || k.Label == label) && !slices.Contains(labels, k.Label) {
			labels = append(labels, k.Label)
			c.remove(keyFile(kind, k.Label))
		}
	}
	users, err := s.dropIdentities(c, kind, label)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range users {
		trustpoints = append(trustpoints, u.name)
		if !slices.Contains(labels, u.tp.Key.Label) {
			labels = append(labels, u.tp.Key.Label)
		}
	}
	if len(labels) == 0 {
		return nil, nil, nil
	}
	slices.Sort(labels)
	if err := s.commit(c); err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	return labels, trustpoints, nil
}

// dropIdentities takes the certificates off the trustpoints that use a key. What
// is left of a trustpoint is its CA and its CRLs.
func (s *Store) dropIdentities(c *change, kind pki.KeyKind, label string) ([]user, error) {
	users, err := s.users(kind, label)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if err := s.dropIdentity(c, u); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	return users, nil
}

func (s *Store) dropIdentity(c *change, u user) error {
	if u.tp.CA == nil { // self-signed: nothing is left
		c.remove(filepath.Base(u.path))
		return nil
	}
	files, err := s.pemFiles(&pki.Material{CA: u.tp.CA})
	if err != nil {
		return err
	}
	for _, crl := range u.tp.CRLs {
		if signer(crl, u.tp.CA, nil) != nil {
			files[crlFile(crl)] = encodePEM("X509 CRL", crl.Raw)
		}
	}
	next, err := s.next()
	if err != nil {
		return err
	}
	return s.replaceDir(c, next, u.name, files, u.entry)
}
