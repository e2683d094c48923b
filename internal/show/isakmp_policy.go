package show

import (
	"io"
	"time"

	"github.com/obol-ike/obol/internal/policy"
)

// ISAKMPPolicy is show crypto isakmp policy: the policies in force, by
// priority. While none is configured these are the default ones, under a
// heading of their own.
func ISAKMPPolicy(w io.Writer, c *policy.Config) error {
	var p printer
	if len(c.Policies) > 0 && c.Policies[0].Default {
		p.f("\nDefault IKE policy\n")
	} else {
		p.f("\nGlobal IKE policy\n")
	}
	for _, x := range c.Policies {
		suiteOf(&p, "Protection suite", x)
	}
	return p.flush(w)
}

// ISAKMPDefaultPolicy is show crypto isakmp default policy. It says nothing
// where the default policies are not in force.
func ISAKMPDefaultPolicy(w io.Writer, c *policy.Config) error {
	var p printer
	for _, x := range c.Policies {
		if !x.Default {
			continue
		}
		if len(p.text) == 0 {
			p.f("\nDefault IKE policy\n")
		}
		suiteOf(&p, "Default protection suite", x)
	}
	return p.flush(w)
}

func suiteOf(p *printer, title string, x *policy.ISAKMPPolicy) {
	auth := map[policy.AuthMethod]string{
		policy.PreShare: "Pre-Shared Key",
		policy.RSASig:   "Rivest-Shamir-Adleman Signature",
		policy.RSAEncr:  "Rivest-Shamir-Adleman Encryption",
	}[x.Auth]
	p.f("%s of priority %d\n", title, x.Priority)
	p.f("\tencryption algorithm:\t%s\n", x.Encr.Long(x.KeyBits))
	p.f("\thash algorithm:\t\t%s\n", x.Hash.Long)
	p.f("\tauthentication method:\t%s\n", auth)
	p.f("\tDiffie-Hellman group:\t#%d (%d bit)\n", x.Group.Number, x.Group.Bits)
	p.f("\tlifetime:\t\t%d seconds, no volume limit\n", int64(x.Lifetime/time.Second))
}
