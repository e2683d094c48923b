package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/obol-ike/obol/pki"
)

// enrollingFile is the name in the store.
func enrollingFile(trustpoint string) string { return "enrolling." + trustpoint + ".pem" }

func (s *Store) enrollingPath(name string) string { return filepath.Join(s.dir, enrollingFile(name)) }

// Enrolling is the enrolment of a trustpoint that is under way; nil for none.
func (s *Store) Enrolling(name string) (*pki.Enrolling, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	unlock, err := s.lock(false)
	if err != nil {
		return nil, err
	}
	defer unlock()
	data, err := optional(readFile(s.enrollingPath(name), pki.MaxImportLen))
	if err != nil || data == nil {
		return nil, err
	}
	e, err := pki.ParseEnrolling(data)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", s.enrollingPath(name), err)
	}
	return e, nil
}

// PutEnrolling keeps what is known of an enrolment; nil: it is over.
func (s *Store) PutEnrolling(name string, e *pki.Enrolling) error {
	if err := checkName(name); err != nil {
		return err
	}
	unlock, err := s.lock(true)
	if err != nil {
		return err
	}
	defer unlock()
	if e != nil {
		err = s.replaceFile(enrollingFile(name), e.PEM())
	} else if err = os.Remove(s.enrollingPath(name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Enroll installs what a CA has granted for one of the router's keys, under that CA:
// the trustpoint's own or the one that takes over from it. With that the enrolment
// that was under way is over.
func (s *Store) Enroll(name string, ca *pki.Certificate, granted []*pki.Certificate) (Imported, error) {
	over := &change{}
	over.remove(enrollingFile(name))
	return s.importGranted(name, ca, granted, over)
}
