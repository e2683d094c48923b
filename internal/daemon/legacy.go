package daemon

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
)

// A legacy is what one process leaves to the next: the state of its engine, and the
// configuration that this is to be understood by.
type legacy struct {
	plane   Plane
	at      time.Time // when it was written
	sources []policy.Source
	engine  []byte
	sas     []byte // of a data plane in the process, with their keys
}

const (
	// legacyAge is how old a legacy may be: its SAs expire, and peers give up.
	legacyAge = 5 * time.Minute
	// maxSources is a limit of a legacy: a configuration is one file.
	maxSources = 16
)

func (l *legacy) state(c *state.Codec) error {
	state.String(c, &l.plane)
	at := uint64(l.at.UnixNano())
	state.Number(c, &at)
	l.at = time.Unix(0, int64(at))
	state.List(c, &l.sources, maxSources, func(s *policy.Source) {
		state.String(c, &s.Name)
		state.Octets(c, &s.Text)
	})
	state.Octets(c, &l.engine)
	state.Octets(c, &l.sas)
	return c.End()
}

// legacyPath is where it lies: in the directory of the control socket, which is gone
// after a boot, as the kernel's SAs are.
func (d *Daemon) legacyPath() string {
	return strings.TrimSuffix(d.options.Socket, ".sock") + ".handover"
}

// bequeath leaves a legacy, sealed with a key of its own that is in the store.
func (d *Daemon) bequeath(l legacy) error {
	c := state.Writer(l.at)
	if err := l.state(c); err != nil {
		return err
	}
	defer clear(c.Octets())
	return d.seal(c.Octets())
}

// seal writes what is left, and the key into the store.
func (d *Daemon) seal(octets []byte) error {
	key := make([]byte, 32)
	rand.Read(key)
	defer clear(key)
	sealer, err := newSealer(key)
	if err != nil {
		return err
	}
	if err := d.store.KeepHandover(key); err != nil {
		return err
	}
	path := d.legacyPath()
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(sealer.Seal(nil, make([]byte, sealer.NonceSize()), octets, boot()))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

// inherit takes the legacy of the process before, once: nil when there is none.
func (d *Daemon) inherit() (*legacy, error) {
	key, err := d.store.TakeHandover()
	if err != nil {
		return nil, err
	}
	defer clear(key)
	path := d.legacyPath()
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return nil, err
	}
	l, err := unseal(key, sealed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	switch age := time.Since(l.at); {
	case age < 0 || age > legacyAge:
		err = fmt.Errorf("it was left %v ago, at most %v will do", age.Round(time.Second), legacyAge)
	case l.plane != d.options.Plane:
		err = fmt.Errorf("its data plane was %s and is %s now", l.plane, d.options.Plane)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return l, nil
}

func unseal(key, sealed []byte) (*legacy, error) {
	if key == nil {
		return nil, errors.New("the store has no key for it")
	}
	sealer, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	octets, err := sealer.Open(nil, make([]byte, sealer.NonceSize()), sealed, boot())
	if err != nil {
		return nil, errors.New("it was altered, or is of another store or of before a boot")
	}
	defer clear(octets)
	var l legacy
	return &l, l.state(state.Reader(octets, time.Time{}))
}

// newSealer takes a key that seals once, so that the nonce may be anything.
func newSealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// boot is the kernel's name of this boot, empty where it has none.
func boot() []byte {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return id
}
