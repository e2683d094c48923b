package control

import (
	"fmt"

	"github.com/obol-ike/obol/pki/store"
)

// pool adds a bundle of CAs to the trustpool.
func (e *exec) pool(st *store.Store, bundle []byte) (said func(), err error) {
	added, notes, err := st.ImportTrustpool(bundle)
	if err != nil {
		return nil, err
	}
	return func() {
		fmt.Fprintf(e.out, "%% PEM files import succeeded: %d CA certificates are new in the trustpool.\n", added)
		e.warn(notes)
	}, nil
}

func (e *exec) pastePool() int {
	text, err := e.ask(Question{Paste, "% Enter PEM-formatted CA certificate(s).\n% End with a blank line or \"quit\" on a line by itself.\n"})
	if err != nil {
		return e.failf("%v", err)
	}
	var said func()
	err = e.onStore(func(st *store.Store) (err error) {
		said, err = e.pool(st, []byte(text))
		return err
	})
	if err != nil {
		return e.failf("%v", err)
	}
	said()
	return ExitDone
}

// cleanPool takes all CAs out of the trustpool.
func (e *exec) cleanPool() int {
	yes, err := e.confirm("%% All CA certificates of the trustpool will be removed.\nDo you really want to do this? [yes/no]: ")
	if err == nil && yes {
		err = e.onStore((*store.Store).CleanTrustpool)
	}
	switch {
	case err != nil:
		return e.failf("%v", err)
	case !yes:
		return ExitFailed
	}
	return ExitDone
}
