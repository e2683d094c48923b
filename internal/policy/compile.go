package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// Source is the text of one configuration file.
type Source struct {
	Name string // for messages
	Text []byte
}

// Compile reads configuration text; files go one after the other, as if they
// were one. Either everything stands and the list is empty, or nothing does
// and the list says all that is wrong.
func Compile(files ...Source) (*Config, ios.Errors) {
	b := newBuilder()
	for i, f := range files {
		b.files[f.Name] = i
		b.read = append(b.read, configMode.Read(b, f.Name, f.Text, "obol")...)
	}
	b.finish()
	b.cfg.Sources = files
	b.cfg.addFronts()
	if errs := b.inOrder(); len(errs) > 0 {
		return nil, errs
	}
	return b.cfg, nil
}

// builder is a configuration in the making. Blocks are drafts until all text
// is read: only then it is known what a name refers to. Each subject has its
// own part, in the file of its commands.
type builder struct {
	cfg   *Config
	files map[string]int // the order of the files
	read  ios.Errors     // from reading
	errs  ios.Errors     // from putting together

	ignored map[string]*ignoredGroup
	order   []*ignoredGroup

	hostPart
	isakmpPolicyPart
	isakmpGlobalPart
	isakmpPeerPart
	keyringPart
	isakmpProfilePart
	transformSetPart
	ipsecProfilePart
	ipsecGlobalPart
	trustpointPart
	trustpoolPart
	chainPart
	certificateMapPart
	vrfPart
	interfacePart
	routePart
	ikev2ProposalPart
	ikev2PolicyPart
	ikev2KeyringPart
	ikev2ProfilePart
	unspokenPart
}

func newBuilder() *builder {
	b := &builder{cfg: &Config{}, files: map[string]int{}, ignored: map[string]*ignoredGroup{}}
	b.resetISAKMP()
	b.resetIPsec()
	b.resetIKEv2()
	return b
}

// finish resolves names, from what stands alone to what refers to it.
func (b *builder) finish() {
	b.finishPolicies()
	b.finishVRFs()
	b.finishInterfaceAddresses()
	b.finishTrustpoints()
	b.finishTrustpool()
	b.finishChains()
	b.finishCertificateMaps()
	b.finishKeyrings()
	b.finishISAKMPPeers()
	b.finishISAKMPProfiles()
	b.finishIKEv2Proposals()
	b.finishIKEv2Policies()
	b.finishIKEv2Keyrings()
	b.finishIKEv2Profiles()
	b.finishTransformSets()
	b.finishIPsecProfiles()
	b.finishTunnels()
	b.finishRoutes()
	b.finishISAKMP()
	b.finishRemarks()
}

// inOrder gives all errors as a reader meets them in the files.
func (b *builder) inOrder() ios.Errors {
	all := append(slices.Clip(b.read), b.errs...)
	slices.SortStableFunc(all, func(x, y *ios.Error) int { return b.byPlace(x.Pos, y.Pos) })
	return all
}

func (b *builder) byPlace(x, y ios.Pos) int {
	return cmp.Or(cmp.Compare(b.files[x.File], b.files[y.File]), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Col, y.Col))
}

// fail notes an error of a place.
func (b *builder) fail(at ios.Place, want, format string, args ...any) {
	b.errs = append(b.errs, at.Error(want, format, args...))
}

// A ref is a name that a line gives to something else.
type ref struct {
	name string
	at   ios.Place
}

func refOf(m *ios.Match, label string) ref { return ref{m.Str(label), m.Place(label)} }

// missing reports a reference to what does not exist, unless its own line was
// refused: then that is the fault to mend.
func (b *builder) missing(r ref, what string, names []string) {
	for _, e := range b.read {
		if slices.Contains(strings.Fields(e.Source), r.name) {
			return
		}
	}
	want := "none is configured"
	if near := ios.Nearest(r.name, names); near != "" {
		want = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) > 0 {
		want = "configured: " + strings.Join(names[:min(len(names), 8)], ", ")
		if len(names) > 8 {
			want += " ..."
		}
	}
	b.fail(r.at, want, "%s %s does not exist", what, r.name)
}

// blocks are the named blocks of a kind, in the order in which they were
// first written.
type blocks[K comparable, T any] struct {
	byKey map[K]*T
	keys  []K
}

// open gives the block of a key, made by the first line that names it.
func (s *blocks[K, T]) open(k K, fresh func() *T) *T {
	if s.byKey == nil {
		s.byKey = map[K]*T{}
	}
	if s.byKey[k] == nil {
		s.byKey[k] = fresh()
		s.keys = append(s.keys, k)
	}
	return s.byKey[k]
}

func (s *blocks[K, T]) get(k K) *T { return s.byKey[k] }

// drop is a no form; dropping what is not there is no error, as on IOS.
func (s *blocks[K, T]) drop(k K) {
	delete(s.byKey, k)
	s.keys = slices.DeleteFunc(s.keys, func(x K) bool { return x == k })
}

func (s *blocks[K, T]) all(yield func(K, *T) bool) {
	for _, k := range s.keys {
		if !yield(k, s.byKey[k]) {
			return
		}
	}
}
