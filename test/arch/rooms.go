// Package arch holds the house rules: who may import whom, what the pure rooms
// may not touch, and how long a file may be. It reads the source tree; `go test
// ./test/arch` applies it.
package arch

import "strings"

// A room is a package, or a tree of packages, and what it may import of this
// module.
type room struct {
	path  string   // relative to the module; "cmd/..." stands for everything under cmd
	level int      // rooms of levels 0 to pureLevel are pure
	may   []string // rooms that it may import
	below int      // and every room of a level under this one
}

// pureLevel is the highest level whose rooms are values and machines only.
const pureLevel = 4

// house is the table of ARCHITECTURE.md.
var house = []room{
	{path: "wire", level: 0},
	{path: "internal/ios", level: 0},
	{path: "internal/state", level: 0},
	{path: "internal/suite", level: 0, may: []string{"wire", "internal/state"}},

	{path: "internal/ipsec", level: 1, may: []string{"internal/suite", "internal/state"}},
	{path: "pki", level: 1, may: []string{"internal/suite", "wire"}},
	{path: "pki/issue", level: 1},

	{path: "internal/policy", level: 2, may: []string{"internal/ios", "internal/ipsec", "internal/state", "internal/suite", "pki", "wire"}},
	{path: "internal/ike", level: 2, may: []string{"wire", "internal/ipsec", "internal/suite", "pki", "internal/policy"}},

	{path: "ikev1", level: 3, below: 3},
	{path: "ikev2", level: 3, below: 3},
	{path: "internal/lint", level: 3, below: 3},

	{path: "internal/tunnel", level: 4, below: 3},
	{path: "internal/engine", level: 4, below: 4, may: []string{"internal/tunnel"}},

	{path: "internal/rtnetlink", level: 5, below: 5},
	{path: "xfrm", level: 5, below: 5, may: []string{"internal/rtnetlink"}},
	{path: "internal/esp", level: 5, below: 5},
	{path: "internal/netio", level: 5, below: 5},
	{path: "internal/userspace", level: 5, below: 5, may: []string{"internal/esp", "internal/netio", "internal/rtnetlink"}},
	{path: "pki/store", level: 5, below: 5},
	{path: "pki/scep", level: 5, below: 5, may: []string{"pki/fetch"}},
	{path: "pki/fetch", level: 5, below: 5},
	{path: "internal/enrol", level: 5, below: 5, may: []string{"pki/scep", "pki/store"}},
	{path: "internal/show", level: 5, below: 5},
	{path: "internal/ioslog", level: 5, below: 5},
	{path: "internal/metrics", level: 5, below: 5},
	{path: "internal/trace", level: 5, below: 5, may: []string{"internal/esp"}},
	{path: "internal/sim", level: 5, below: 5},

	{path: "internal/lab", level: 6, below: 5, may: []string{"internal/sim", "internal/ioslog", "internal/trace"}},
	{path: "internal/control", level: 6, below: 5, may: []string{"internal/enrol", "internal/show", "internal/ioslog", "pki/fetch", "pki/scep", "pki/store"}},
	{path: "internal/daemon", level: 6, below: 6, may: []string{"internal/control"}},

	{path: "cmd/...", level: 7, below: 8},
	{path: "test/...", level: 7, below: 8},
}

// A ban keeps imports out of rooms.
type ban struct {
	paths  []string // import paths; "net/..." stands for everything under net
	but    []string // exceptions among them
	within func(room) bool
	why    string
}

func pure(r room) bool { return r.level <= pureLevel }

// outside bans a module from every room but these and the tests.
func outside(rooms ...string) func(room) bool {
	return func(r room) bool {
		for _, name := range rooms {
			if r.path == name {
				return false
			}
		}
		return r.path != "test/..."
	}
}

var bans = []ban{
	{
		paths:  []string{"os", "os/...", "path/filepath", "io/ioutil", "syscall", "syscall/...", "golang.org/x/sys/...", "plugin"},
		within: pure,
		why:    "levels 0-4 are pure: files, processes and system calls belong to the shell (levels 5 and 6)",
	},
	{
		paths:  []string{"net", "net/...", "crypto/tls", "golang.org/x/net/..."},
		but:    []string{"net/netip", "net/url"},
		within: pure,
		why:    "levels 0-4 are pure: bytes come in as datagrams and go out as outputs; addresses are net/netip values",
	},
	{
		paths:  []string{"context", "golang.org/x/sync/..."},
		within: pure,
		why:    "levels 0-4 block nowhere, so there is nothing to cancel; a context's deadline is a clock and its AfterFunc a goroutine",
	},
	{
		paths:  []string{"log", "log/...", "go.uber.org/zap", "go.uber.org/zap/..."},
		within: func(r room) bool { return r.level < 6 },
		why:    "rooms report events; the daemon turns them into logs",
	},
	{
		paths:  []string{"github.com/coreos/go-systemd/..."},
		within: func(r room) bool { return r.level < 6 },
		why:    "the daemon alone speaks to systemd",
	},
	{
		paths:  []string{"math/rand", "math/rand/v2"},
		within: pure,
		why:    "randomness comes in through Env, so that a seed replays a whole exchange",
	},
	{
		paths:  []string{"github.com/vishvananda/netlink", "github.com/vishvananda/netlink/...", "github.com/vishvananda/netns", "github.com/google/nftables/...", "github.com/mdlayher/netlink/..."},
		within: outside("xfrm", "internal/rtnetlink"),
		why:    "packages xfrm and internal/rtnetlink are the only ones that speak netlink",
	},
	{
		paths:  []string{"filippo.io/bigmod", "filippo.io/edwards25519", "github.com/cloudflare/circl/..."},
		within: outside("internal/suite"),
		why:    "big numbers stay behind internal/suite",
	},
	{
		paths:  []string{"C", "unsafe"},
		within: func(r room) bool { return pure(r) || r.level > 5 },
		why:    "both programs are static and the core is memory safe; only the rooms at the kernel's door may reach below Go",
	},
}

// A word is a name that rooms may not use.
type word struct {
	pkg    string // of the standard library, or relative to this module
	names  []string
	within func(room) bool
	why    string
}

var words = []word{
	{
		pkg:    "time",
		names:  []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
		within: pure,
		why:    "the core takes now as an argument and tells its next deadline, so that a virtual clock can drive it",
	},
	{
		pkg:    "crypto/rand",
		names:  []string{"Reader", "Read", "Text"},
		within: pure,
		why:    "randomness comes in through Env, so that a seed replays a whole exchange",
	},
	{
		pkg:    "internal/ike",
		names:  []string{"Keys"},
		within: outside("internal/ike", "ikev1", "ikev2", "internal/sim", "internal/trace", "internal/lab"),
		why:    "keys of IKE leave a machine in the simulator only; a daemon never asks for them",
	},
}

const whyNoGoroutine = "levels 0-4 are machines that their caller steps; goroutines belong to the shell"

// Lengths of files in lines.
const (
	maxLines     = 700
	maxTestLines = 1200
)

// find gives the room of a package path relative to the module.
func find(rel string) (room, bool) {
	for _, r := range house {
		if matches(r.path, rel) {
			return r, true
		}
	}
	return room{}, false
}

// matches says whether a path is the pattern, or under it when that ends in
// "/...".
func matches(pattern, path string) bool {
	if tree, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(path, tree)
	}
	return pattern == path
}

// mayImport says whether one room may import another.
func (r room) mayImport(other room) bool {
	if other.level < r.below {
		return true
	}
	for _, name := range r.may {
		if name == other.path {
			return true
		}
	}
	return false
}

func (b ban) covers(path string) bool {
	for _, p := range b.but {
		if matches(p, path) {
			return false
		}
	}
	for _, p := range b.paths {
		if matches(p, path) {
			return true
		}
	}
	return false
}
