//go:build linux && amd64

package store_test

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// The test's own binary is the process that dies: it carries out a change on a
// store and tells its tracer where that begins.
const (
	changeEnv = "OBOL_STORE_CHANGE" // the name of a change
	storeEnv  = "OBOL_STORE_DIR"
	mark      = unix.SIGUSR2 // what comes after it counts
)

// The change stays on the first thread, which alone is traced.
func init() {
	if os.Getenv(changeEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(changeEnv); name != "" {
		s, err := store.Open(os.Getenv(storeEnv))
		if err != nil {
			os.Exit(3)
		}
		change := changes[name].change
		if err := unix.Tgkill(os.Getpid(), unix.Gettid(), mark); err != nil {
			os.Exit(3)
		}
		if err := change(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// changes are what a store goes through, each from a state of its own. The CRL of
// IOSCA1 has to outlive what does not concern it.
var changes = map[string]struct{ before, change func(*store.Store) error }{
	"first import": {nothing, importInto("IOSCA1", 1, 3)},
	"import again": {both(importInto("IOSCA1", 1, 3), importInto("IOSCA2", 2, 4), crlOf("IOSCA1", 1)), importInto("IOSCA1", 1, 5)},
	"CRL":          {both(importInto("IOSCA1", 1, 3), crlOf("IOSCA1", 1)), crlOf("IOSCA1", 2)},
	"key":          {both(putKey("KEY", 3)), putKey("KEY", 4)},
	"first key":    {nothing, putKey("KEY", 3)},
	"certificate":  {both(authenticate("IOSCA1", 1), putKey("KEY", 3)), granted("IOSCA1", 1, 3)},
	"trustpool":    {both(importInto("IOSCA1", 1, 3), pool(1, 2)), pool(2, 3)},
	"zeroize":      {both(importInto("IOSCA1", 1, 3), crlOf("IOSCA1", 1)), zeroize("IOSCA1")},
	"key in use":   {both(putKey("KEY", 3), authenticate("IOSCA1", 1), granted("IOSCA1", 1, 3)), putKey("KEY", 4)},
	"zeroize all":  {both(importInto("IOSCA1", 1, 3), importInto("IOSCA2", 2, 4), putKey("KEY", 5)), zeroize("")},
	"grant":        {both(authenticate("IOSCA1", 1), putKey("KEY#", 3), enrolling("IOSCA1", 1, 3)), grant("IOSCA1", 1, 3)},
	"re-enrolment": {both(importInto("IOSCA1", 1, 3), putKey("KEY", 4), crlOf("IOSCA1", 1)), granted("IOSCA1", 1, 4)},
}

func nothing(*store.Store) error { return nil }

func both(steps ...func(*store.Store) error) func(*store.Store) error {
	return func(s *store.Store) error {
		for _, f := range steps {
			if err := f(s); err != nil {
				return err
			}
		}
		return nil
	}
}

func caN(n int) *testca.CA { return testca.New(fmt.Sprintf("CA%d", n), n) }

func importInto(name string, ca, key int) func(*store.Store) error {
	return func(s *store.Store) error {
		id := caN(ca).EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, key))
		_, err := s.ImportPEM(name, testca.CertPEM(id.CA.Cert), testca.CertPEM(id.Cert), id.KeyPEM())
		return err
	}
}

func authenticate(name string, ca int) func(*store.Store) error {
	return func(s *store.Store) error {
		_, err := s.ImportPEM(name, testca.CertPEM(caN(ca).Cert), nil, nil)
		return err
	}
}

func granted(name string, ca, key int) func(*store.Store) error {
	return func(s *store.Store) error {
		_, err := s.ImportCertificate(name, testca.CertPEM(caN(ca).EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, key)).Cert))
		return err
	}
}

func enrolling(name string, ca, key int) func(*store.Store) error {
	return func(s *store.Store) error {
		signer := caN(ca).EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, key)).Cert
		return s.PutEnrolling(name, &pki.Enrolling{Request: []byte{0x30, 0}, Signer: signer, Label: "KEY#", CA: caN(ca).Cert})
	}
}

func grant(name string, ca, key int) func(*store.Store) error {
	return func(s *store.Store) error {
		id := caN(ca).EnrollWith(testca.DN("CN=R1"), testca.RSA(2048, key))
		_, err := s.Enroll(name, id.CA.Cert, []*pki.Certificate{id.Cert})
		return err
	}
}

func crlOf(name string, hours int) func(*store.Store) error {
	return func(s *store.Store) error {
		_, err := s.ImportCRL(name, caN(1).CRLAt(today.Add(time.Duration(hours)*time.Hour), testca.NotAfter))
		return err
	}
}

func pool(cas ...int) func(*store.Store) error {
	return func(s *store.Store) error {
		var bundle []byte
		for _, n := range cas {
			bundle = append(bundle, testca.CertPEM(caN(n).Cert)...)
		}
		_, _, err := s.ImportTrustpool(bundle, false)
		return err
	}
}

func putKey(label string, n int) func(*store.Store) error {
	return func(s *store.Store) error { return s.PutKeys(labelled(label, n)) }
}

func zeroize(label string) func(*store.Store) error {
	return func(s *store.Store) error {
		_, _, err := s.Zeroize(pki.RSA, label)
		return err
	}
}

// state is what a daemon would find in the store.
func state(t *testing.T, dir string) string {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Load([]pki.Settings{{Name: "IOSCA1"}, {Name: "IOSCA2"}})
	if err != nil {
		t.Fatalf("the store cannot be read: %v", err)
	}
	var b strings.Builder
	for _, tp := range snapshot.All() {
		fmt.Fprintf(&b, "%s:", tp.Name)
		if tp.CA != nil {
			fmt.Fprintf(&b, " under %s", tp.CA.Subject)
		}
		if tp.Identity != nil {
			fmt.Fprintf(&b, " with %s, key %s %t", tp.Identity.Serial, tp.Key.Label, tp.Key.Belongs(tp.Identity))
		}
		for _, crl := range tp.CRLs {
			fmt.Fprintf(&b, " CRL of %s", crl.ThisUpdate)
		}
		e, err := s.Enrolling(tp.Name)
		if err != nil {
			t.Fatal(err)
		}
		if e != nil {
			fmt.Fprintf(&b, " requested with %s", e.Label)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "order %q\n", display(snapshot))
	for _, c := range snapshot.Trustpool() {
		fmt.Fprintf(&b, "pool %s\n", c.Subject)
	}
	for _, k := range snapshot.Keys() {
		fmt.Fprintf(&b, "key %s %x\n", k.Label, fingerprint(k.Signer.Public()))
	}
	return b.String()
}

func fingerprint(pub crypto.PublicKey) []byte {
	h := crypto.SHA256.New()
	fmt.Fprint(h, pub)
	return h.Sum(nil)[:4]
}

// A process that is killed at any system call of any change, and one that finds the
// disk full at any of them, leave the old state or the new one; and the
// next change goes well.
func TestKilledAtEverySystemCall(t *testing.T) {
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait for the disk
			origin, dir := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
			prepare(t, origin, c.before)
			before := state(t, origin)
			clone(t, origin, dir)
			if end := trace(t, dir, name, 0, 0); end != exited {
				t.Fatal("the change does not succeed")
			}
			after := state(t, dir)
			if before == after {
				t.Fatal("the change changes nothing")
			}
			for _, fault := range []syscall.Errno{0, unix.ENOSPC} {
				old, fresh, n := 0, 0, 0
				for end := stopped; end == stopped; {
					n++
					dir := filepath.Join(t.TempDir(), "store")
					clone(t, origin, dir)
					end = trace(t, dir, name, n, fault)
					switch got := state(t, dir); got {
					case before:
						old++
					case after:
						fresh++
					default:
						t.Fatalf("fault %d at call %d: neither the old state nor the new one:\n%s\nold:\n%s\nnew:\n%s", fault, n, got, before, after)
					}
					mend(t, dir)
				}
				if old < 3 || fresh < 1 {
					t.Errorf("fault %d: %d times the old state, %d times the new one: the change was not interrupted", fault, old, fresh)
				}
			}
		})
	}
}

func prepare(t *testing.T, dir string, before func(*store.Store) error) {
	t.Helper()
	s, err := store.Open(dir)
	if err == nil {
		err = before(s)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func clone(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// mend changes something else: that has to go well, and nothing that was being
// written has to be left.
func mend(t *testing.T, dir string) {
	t.Helper()
	prepare(t, dir, (*store.Store).CleanTrustpool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".new") || err == nil && d.Name() == "commit" {
			err = fmt.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// How a traced change ended.
type ending int

const (
	exited  ending = iota // before the call that was to fail
	stopped               // killed, or refused by the file system
)

// fileCalls are the calls that change a file system (openat with O_CREAT). Between
// two of them all moments are the same.
var fileCalls = append([]uint64{unix.SYS_OPENAT}, spaceCalls...)

// spaceCalls are those that a full disk may refuse.
var spaceCalls = []uint64{unix.SYS_WRITE, unix.SYS_FSYNC, unix.SYS_MKDIRAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_UNLINKAT}

// trace runs a change under ptrace and kills it as it enters the nth call of
// fileCalls; with a fault it is the nth of spaceCalls, and that call is refused.
func trace(t *testing.T, dir, name string, n int, fault syscall.Errno) ending {
	t.Helper()
	runtime.LockOSThread() // one thread is the tracer
	defer runtime.UnlockOSThread()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), changeEnv+"="+name, storeEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	counted := fileCalls
	if fault != 0 {
		counted = spaceCalls
	}
	tr := tracer{pid: cmd.Process.Pid, counted: counted, nth: n, fault: fault}
	end, err := tr.run()
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// A tracer follows the process's first thread, which alone works on the store.
type tracer struct {
	pid     int
	marked  bool // the change has begun
	inside  bool // between entry and exit of a call
	counted []uint64
	nth     int
	fault   syscall.Errno
	refuse  bool // the call that it is inside of
	hit     bool
}

func (tr *tracer) run() (ending, error) {
	_, err := tr.wait()
	if err == nil {
		err = unix.PtraceSetOptions(tr.pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL)
	}
	for signal := 0; err == nil; {
		if tr.marked {
			err = unix.PtraceSyscall(tr.pid, signal)
		} else {
			err = unix.PtraceCont(tr.pid, signal)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) {
			break
		}
		var status unix.WaitStatus
		if status, err = tr.wait(); err != nil {
			break
		}
		signal = 0
		switch {
		case status.Signaled(), status.Exited() && tr.hit: // it said why, or went on without
			return stopped, nil
		case status.Exited() && status.ExitStatus() == 0:
			return exited, nil
		case status.Exited():
			err = fmt.Errorf("exit status %d", status.ExitStatus())
		case status.StopSignal() == mark:
			tr.marked = true
		case status.StopSignal() == unix.SIGTRAP|0x80:
			err = tr.call()
		default:
			signal = int(status.StopSignal())
		}
	}
	return 0, err
}

func (tr *tracer) wait() (status unix.WaitStatus, err error) {
	for {
		if _, err = unix.Wait4(tr.pid, &status, unix.WALL, nil); !errors.Is(err, unix.EINTR) {
			return status, err
		}
	}
}

// call is one entry or exit of a system call.
func (tr *tracer) call() error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tr.pid, &regs); err != nil {
		return err
	}
	if tr.inside = !tr.inside; !tr.inside {
		if !tr.refuse {
			return nil
		}
		tr.refuse, regs.Rax = false, -uint64(tr.fault)
		return unix.PtraceSetRegs(tr.pid, &regs)
	}
	if !slices.Contains(tr.counted, regs.Orig_rax) || regs.Orig_rax == unix.SYS_OPENAT && regs.Rdx&unix.O_CREAT == 0 {
		return nil
	}
	if tr.nth--; tr.nth != 0 {
		return nil
	}
	tr.hit = true
	if tr.fault == 0 {
		return unix.Kill(tr.pid, unix.SIGKILL)
	}
	tr.refuse, regs.Orig_rax = true, ^uint64(0)
	return unix.PtraceSetRegs(tr.pid, &regs)
}
