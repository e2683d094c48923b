//go:build vm

package interop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	wanted = regexp.MustCompile(`peer wants cert issued by cn=(CA\d),`)
	sent   = regexp.MustCompile(`sending cert request for "O=com, O=cisco, CN=(CA\d)"`)
	signed = regexp.MustCompile(`using the IOS(CA\d) trustpoint's keypair to sign`)
)

func find(re *regexp.Regexp, text string) (all []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// R1 shows the certificate that charon asks for first, among the CAs that R1 has
// one of: charon's order is that of its cacerts, and without them that in which
// it loaded its CAs, the last first. As initiator it asks in MM5, which is
// encrypted: what it says of its requests and what R1 reads of them has to be the
// same.
func TestRequestOrder(t *testing.T) {
	b := newStand(t)
	b.over(vti)
	p := standCharon(b)
	s := charonSuites[1]
	var a table
	for _, c := range []struct {
		starts string
		ask    []string
	}{
		{"charon", []string{"CA1", "CA2"}},
		{"charon", []string{"CA2", "CA1"}},
		{"charon", []string{"CA3", "CA1", "CA2"}},
		{"charon", []string{"CA2", "CA3", "CA1"}},
		{"charon", []string{"CA1"}},
		{"charon", []string{"CA2"}},
		{"charon", nil},
		{"obold", nil},
	} {
		var order, choice []string
		ok := t.Run(c.starts+" starts/"+strings.Join(c.ask, ","), func(t *testing.T) {
			b.begin(t, method(1).r1(s, false))
			p.load(conn{ike: s.ike, esp: s.esp, ca: 1, ask: c.ask, life: long})
			before := len(b.peerLog())
			stop := b.debug("isakmp")
			if c.starts == "charon" {
				p.initiate()
				p.remove()
			} else {
				b.initiate()
				must(t, b.R1.Stop())
			}
			lines := strings.Join(stop(), "\n")
			order, choice = find(wanted, lines), find(signed, lines)
			if asked := find(sent, b.peerLog()[before:]); !slices.Equal(order, asked) {
				t.Errorf("charon asked for %v, R1 read %v", asked, order)
			}
			if c.ask != nil && !slices.Equal(order, c.ask) {
				t.Errorf("charon asked for %v, its cacerts are %v", order, c.ask)
			}
			first := slices.IndexFunc(order, func(ca string) bool { return ca != "CA3" })
			if first < 0 || len(choice) != 1 || choice[0] != order[first] {
				t.Errorf("R1 was asked for %v and showed the certificate of %v", order, choice)
			}
			b.left(p)
		})
		a.add(ok, "%-6s starts  cacerts %-14s asks for %-14s obol shows %s", c.starts, strings.Join(c.ask, " "), strings.Join(order, " "), fmt.Sprint(choice))
	}
	b.t = t
	a.print(t)
}
