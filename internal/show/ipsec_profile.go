package show

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// IPsecProfile is show crypto ipsec profile, of all or of the one of a name. The
// default profile stands first: it exists where no line makes it, too.
func IPsecProfile(w io.Writer, c *policy.Config, name string) error {
	profiles := slices.Clone(c.IPsec)
	if !slices.ContainsFunc(profiles, func(x *policy.IPsecProfile) bool { return x.Name == "default" }) {
		own := &policy.IPsecProfile{Name: "default", Lifetime: c.Lifetime}
		for _, s := range c.Transforms {
			if s.Name == "default" {
				own.Transforms = append(own.Transforms, s)
			}
		}
		profiles = append(profiles, own)
	}
	var p printer
	for _, x := range defaultsFirst(profiles, func(x *policy.IPsecProfile) string { return x.Name }) {
		if name == "" || x.Name == name {
			ipsecProfile(&p, x)
		}
	}
	return p.flush(w)
}

// IPsecLifetime is show crypto ipsec security-association lifetime: what holds
// where a profile says nothing.
func IPsecLifetime(w io.Writer, c *policy.Config) error {
	var p printer
	p.f("Security association lifetime: %s\n", lifetime(c.Lifetime))
	return p.flush(w)
}

func ipsecProfile(p *printer, x *policy.IPsecProfile) {
	p.f("IPSEC profile %s\n", x.Name)
	if x.ISAKMPProfile != nil {
		p.f("\tISAKMP Profile: %s\n", x.ISAKMPProfile.Name)
	}
	if x.IKEv2Profile != nil {
		p.f("\tIKEv2 Profile: %s\n", x.IKEv2Profile.Name)
	}
	p.f("\tSecurity association lifetime: %s\n", lifetime(x.Lifetime))
	p.f("\tResponder-Only (Y/N): %s\n", yesNo(x.ResponderOnly))
	p.f("\tPFS (Y/N): %s\n", yesNo(x.PFS != nil))
	if x.PFS != nil {
		p.f("\tDH group:  group%d\n", x.PFS.Number)
	}
	p.f("\tMixed-mode : Disabled\n")
	p.f("\tTransform sets={\n")
	for _, s := range x.Transforms {
		p.f("\t\t%s:  { %s  } ,\n", s.Name, setWords(s))
	}
	p.f("\t}\n\n")
}

// lifetime leaves out a volume that does not limit.
func lifetime(l ipsec.Lifetime) string {
	seconds := fmt.Sprintf("%d seconds", int64(l.Duration/time.Second))
	if l.Kilobytes == 0 {
		return seconds
	}
	return fmt.Sprintf("%d kilobytes/%s", l.Kilobytes, seconds)
}

func yesNo(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}
