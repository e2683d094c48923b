package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// Store is a store directory.
type Store struct {
	dir        string
	owner      *owner // who gets what is made; nil: this process
	passphrase []byte
}

// UsePassphrase has private keys encrypted that are written from now on, and
// opens those that are. Without one an encrypted key is an error.
func (s *Store) UsePassphrase(passphrase []byte) { s.passphrase = bytes.Clone(passphrase) }

// Open opens the store directory and makes it where it does not exist. One that
// everybody may write to is refused: anybody could add a trust anchor.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("store: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("store: %s is not a directory", dir)
	case info.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("store: everybody may write to %s (mode %04o); chmod 700 it", dir, info.Mode().Perm())
	}
	return &Store{dir: dir, owner: ownerOf(info)}, nil
}

// An entry is one trustpoint directory.
type entry struct {
	name   string
	number uint64
	path   string
}

// entries lists the trustpoints by name.
func (s *Store) entries() (map[string]entry, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	current := map[string]entry{}
	for _, f := range files {
		name, number, ok := cutNumber(f.Name())
		if ok && f.IsDir() && current[name].number < number {
			current[name] = entry{name, number, filepath.Join(s.dir, f.Name())}
		}
	}
	return current, nil
}

// cutNumber splits NAME.NUMBER.
func cutNumber(dir string) (name string, number uint64, ok bool) {
	i := strings.LastIndexByte(dir, '.')
	if i < 0 || checkName(dir[:i]) != nil {
		return "", 0, false
	}
	number, err := strconv.ParseUint(dir[i+1:], 10, 63)
	return dir[:i], number, err == nil && number > 0 && strconv.FormatUint(number, 10) == dir[i+1:]
}

// checkName accepts the names of trustpoints that can be names of directories.
func checkName(name string) error {
	ok := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.+:@", r)
	}
	if name == "" || len(name) > 128 || name[0] == '.' || strings.ContainsFunc(name, func(r rune) bool { return !ok(r) }) {
		return fmt.Errorf("trustpoint name %q: up to 128 letters, digits and -_.+:@ are expected, not beginning with a dot", name)
	}
	return nil
}

// Names lists the trustpoints that stand in the store, sorted.
func (s *Store) Names() ([]string, error) {
	unlock, err := s.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	current, err := s.entries()
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range current {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Load reads the configured trustpoints; those that the store does not have
// come with their settings alone. A trustpoint that cannot be read is an error:
// to go on without it would change what is requested and shown.
func (s *Store) Load(settings []pki.Settings) (*pki.Snapshot, error) {
	unlock, err := s.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	current, err := s.entries()
	if err != nil {
		return nil, err
	}
	var tps []*pki.Trustpoint
	for _, set := range settings {
		tp := &pki.Trustpoint{}
		if e, ok := current[set.Name]; ok {
			if tp, err = s.read(e); err != nil {
				return nil, fmt.Errorf("store: %s: %w", e.path, err)
			}
		}
		tp.Settings = set
		tps = append(tps, tp)
	}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	pool, err := s.trustpool()
	if err != nil {
		return nil, err
	}
	return pki.NewSnapshot(tps).WithKeys(keys).WithTrustpool(pool, pki.Settings{}), nil
}

// read reads one trustpoint directory. What an import checked is checked again:
// the files may have been changed since.
func (s *Store) read(e entry) (*pki.Trustpoint, error) {
	ca, missing := readFile(filepath.Join(e.path, "ca.pem"), pki.MaxImportLen)
	if missing != nil && !errors.Is(missing, fs.ErrNotExist) {
		return nil, missing
	}
	cert, err := optional(readFile(filepath.Join(e.path, "cert.pem"), pki.MaxImportLen))
	if err != nil {
		return nil, err
	}
	key, err := optional(readFile(filepath.Join(e.path, "key.pem"), pki.MaxImportLen))
	if err != nil {
		return nil, err
	}
	if key, err = s.decrypt("key.pem", key); err != nil {
		return nil, err
	}
	chain, err := optional(readFile(filepath.Join(e.path, "chain.pem"), pki.MaxImportLen))
	if err != nil {
		return nil, err
	}
	var m *pki.Material
	switch {
	case missing == nil && len(cert) > 0:
		m, err = pki.ParsePEM(ca, append(cert, chain...), key)
	case missing == nil:
		m, err = pki.ParsePEM(ca, nil, key)
	case len(cert) > 0:
		m, err = pki.ParseSelfSigned(cert, key)
	default:
		err = missing
	}
	if err != nil {
		return nil, err
	}
	tp := &pki.Trustpoint{CA: m.CA, Identity: m.Identity, Chain: m.Chain, Signer: m.Signer}
	if m.Identity != nil {
		tp.Enrolled, tp.Key = e.number, pki.DescribeKey(key, e.name, m.Signer)
	}
	lists, err := e.crls()
	for _, l := range lists {
		tp.CRLs = append(tp.CRLs, l.CRL)
	}
	return tp, err
}

// HeldCRL is a CRL of a trustpoint of the store.
type HeldCRL struct {
	CRL  *pki.CRL
	File string // in the trustpoint's directory
}

// crls reads the CRLs of a trustpoint.
func (e entry) crls() (lists []HeldCRL, err error) {
	paths, err := filepath.Glob(filepath.Join(escape(e.path), "crl.*.pem"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		data, err := readFile(path, 2*pki.MaxCRLLen)
		if err != nil {
			return nil, err
		}
		crl, err := pki.ParseCRLFile(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		lists = append(lists, HeldCRL{crl, filepath.Base(path)})
	}
	return lists, nil
}

// escape keeps the store's own path out of the glob's language.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readFile reads a file of at most limit octets.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d octets, at most %d are accepted", filepath.Base(path), info.Size(), limit)
	}
	return os.ReadFile(path)
}

// optional makes a missing file an empty one.
func optional(data []byte, err error) ([]byte, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
