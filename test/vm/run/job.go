package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A job is what the host tells the guest, as /job.json in the initramfs.
type job struct {
	Args    []string
	Env     []string
	Dir     string
	Modules []string // to load before the root disk is mounted, in order
	Return  []pair   // what to send back when the program has ended
	Systemd bool     // process 1 is to be systemd
	LAN     bool     // there is an eth0
}

// A pair is a path on one machine and its path on the other.
type pair struct{ From, To string }

// pairs is a repeatable flag FROM[=TO]; TO is FROM when left out.
type pairs []pair

func (p *pairs) String() string { return "" }

func (p *pairs) Set(s string) error {
	from, to, both := strings.Cut(s, "=")
	if !both {
		to = from
	}
	*p = append(*p, pair{from, to})
	return nil
}

// add appends a colon-separated list, as environment variables have it.
func (p *pairs) add(list string) {
	for _, s := range filepath.SplitList(list) {
		p.Set(s)
	}
}

// profiles are the flags of a test binary that name a file, or a directory, to
// be written.
var profiles = []string{"coverprofile", "cpuprofile", "memprofile", "blockprofile", "mutexprofile", "trace", "gocoverdir"}

// testFlags looks into the arguments of a test binary: which files it will
// write, and its own time limit, 0 for none.
func testFlags(args []string, dir string) (writes []string, limit time.Duration) {
	for _, a := range args {
		name, val, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		name, ok := strings.CutPrefix(name, "test.")
		if !ok {
			continue
		}
		if name == "timeout" {
			limit, _ = time.ParseDuration(val) // the test binary itself complains
		}
		for _, p := range profiles {
			if name == p && val != "" {
				if !filepath.IsAbs(val) {
					val = filepath.Join(dir, val)
				}
				writes = append(writes, val)
			}
		}
	}
	return writes, limit
}

// writeInitrd writes the initramfs: this program as /init, the modules needed
// to reach the root disk, the job, and below /host the files of the host that
// the guest is to see.
func writeInitrd(path, img string, j *job, copies pairs) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := bufio.NewWriterSize(f, 1<<20)
	w := newCpio(buf)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w.file("/init", self, 0o755)
	early, err := os.ReadFile(filepath.Join(img, "early.modules"))
	if err != nil {
		return err
	}
	for _, m := range strings.Fields(string(early)) {
		w.file("/early/"+m, filepath.Join(img, "modules", m), 0o644)
		j.Modules = append(j.Modules, "/early/"+m)
	}
	w.dir("/host" + j.Dir)
	for _, r := range j.Return {
		w.dir("/host" + filepath.Dir(r.From))
		if fi, err := os.Stat(r.To); err == nil && fi.IsDir() {
			w.dir("/host" + r.From)
		}
	}
	for _, c := range copies {
		to, err := filepath.Abs(c.To)
		if err != nil {
			return err
		}
		w.tree(filepath.Join("/host", to), c.From)
	}
	b, err := json.Marshal(j)
	if err != nil {
		return err
	}
	w.data("/job.json", b, 0o644)
	if err := w.close(); err != nil {
		return err
	}
	return buf.Flush()
}
