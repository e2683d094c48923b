package rtnetlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// What ip tcp adjust-mss says of our links the kernel's nf_tables do, for a SYN that comes
// from a link or goes to it, forwarded or the host's own. The rules are the same whichever
// links there are, as they look them up in maps:
//
//	table inet obol {
//		map ip_mss { type ifname : inet_service; elements = { "Tunnel1" : 1360 } }
//		chain prerouting {
//			type filter hook prerouting priority mangle;
//			meta nfproto ipv4 meta l4proto tcp tcp flags syn tcp option maxseg size set iifname map @ip_mss
//
// and likewise for IPv6 and for postrouting. The kernel never makes maxseg larger.
type adjusting struct {
	tables  *nftables.Conn // nil: this kernel has no such sockets
	links   map[string]ipsec.MSS
	stands  bool   // the table does, as far as we know
	asked   string // the link that is asked about the table, which is one for all
	refused error  // why it cannot be done
}

// table is our own one in a namespace.
var table = &nftables.Table{Name: "obol", Family: nftables.TableFamilyINet}

// sizes are the maps, and which version of IP each is for.
var sizes = [...]struct {
	links   *nftables.Set
	nfproto byte
	of      func(ipsec.MSS) uint16
}{
	{sizesOfLinks(1, "ip_mss"), unix.NFPROTO_IPV4, func(m ipsec.MSS) uint16 { return m.IPv4 }},
	{sizesOfLinks(2, "ipv6_mss"), unix.NFPROTO_IPV6, func(m ipsec.MSS) uint16 { return m.IPv6 }},
}

// sizesOfLinks is a map. Without the order of octets in its keys nft lists names backwards.
func sizesOfLinks(id uint32, name string) *nftables.Set {
	return &nftables.Set{Table: table, ID: id, Name: name, IsMap: true, KeyType: nftables.TypeIFName, KeyByteOrder: binaryutil.NativeEndian, DataType: nftables.TypeInetService}
}

// hooks are where the kernel knows the link that a packet has come from, or goes to.
var hooks = [...]struct {
	chain *nftables.Chain
	link  expr.MetaKey
}{
	{atHook("prerouting", nftables.ChainHookPrerouting), expr.MetaKeyIIFNAME},
	{atHook("postrouting", nftables.ChainHookPostrouting), expr.MetaKeyOIFNAME},
}

func atHook(name string, hook *nftables.ChainHook) *nftables.Chain {
	return &nftables.Chain{Table: table, Name: name, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityMangle}
}

const (
	flagsOfTCP   = 13 // where they stand in the header
	synchronize  = 2
	optionMSS    = 2   // RFC 9293 section 3.1: kind 2, length 4, and the size
	linksAtATime = 500 // in one message
)

// rule is for a SYN of one version of IP, by what is known of its link.
func rule(link expr.MetaKey, nfproto byte, sizes string) []expr.Any {
	const register = unix.NFT_REG_1
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{nfproto}},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: flagsOfTCP, Len: 1},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 1, Mask: []byte{synchronize}, Xor: []byte{0}},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: []byte{0}},
		&expr.Meta{Key: link, Register: register},
		&expr.Lookup{SourceRegister: register, DestRegister: register, IsDestRegSet: true, SetName: sizes},
		&expr.Exthdr{SourceRegister: register, Type: optionMSS, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt},
	}
}

// adjustMSS has segments through a link adjusted, or no more.
func (i *Interfaces) adjustMSS(link string, mss ipsec.MSS) error {
	a := &i.adjusting
	was := a.links[link]
	if was == mss && (a.stands || len(a.links) == 0) {
		return nil
	}
	if a.links[link] = mss; mss == (ipsec.MSS{}) {
		delete(a.links, link)
	}
	if _, ok := a.links[a.asked]; !ok {
		for a.asked = range a.links {
			break
		}
	}
	if a.refused != nil && mss == (ipsec.MSS{}) && len(a.links) > 0 {
		return nil // as told: there is nothing to take away
	}
	if a.stands && len(a.links) > 0 && a.change(link, was, mss) == nil {
		return nil
	}
	if a.refused = a.makeTable(); a.refused != nil {
		a.refused = fmt.Errorf("ip tcp adjust-mss has no effect: nf_tables: %w", a.refused)
	}
	return a.refused
}

// change changes what the maps have of one link.
func (a *adjusting) change(link string, was, mss ipsec.MSS) error {
	return errors.Join(
		put(a.tables.SetDeleteElements, map[string]ipsec.MSS{link: was}),
		put(a.tables.SetAddElements, map[string]ipsec.MSS{link: mss}),
		a.tables.Flush())
}

// put has links in the maps, or no more.
func put(elements func(*nftables.Set, []nftables.SetElement) error, links map[string]ipsec.MSS) (err error) {
	for _, m := range sizes {
		var list []nftables.SetElement
		for name, mss := range links {
			if n := m.of(mss); n != 0 {
				key := make([]byte, unix.IFNAMSIZ)
				copy(key, name)
				list = append(list, nftables.SetElement{Key: key, Val: binary.BigEndian.AppendUint16(nil, n)})
			}
		}
		if len(list) > 0 {
			err = errors.Join(err, elements(m.links, list))
		}
	}
	return err
}

// makeTable makes our table anew, whatever of it stands; none where no link needs it.
func (a *adjusting) makeTable() error {
	a.stands = false
	if len(a.links) == 0 {
		return a.removeTable()
	}
	if a.tables == nil {
		return unix.EPROTONOSUPPORT
	}
	// Flush waits for an answer to each message, and would go on waiting: a kernel without
	// nf_tables has one for them all. To a question it has an answer too.
	if _, err := a.tables.ListTablesOfFamily(table.Family); err != nil {
		return fmt.Errorf("none here: %w", err)
	}
	// What has just been made can be removed in any case.
	a.tables.AddTable(table)
	a.tables.DelTable(table)
	a.tables.AddTable(table)
	for _, m := range sizes {
		if err := a.tables.AddSet(m.links, nil); err != nil {
			return err
		}
	}
	for _, h := range hooks {
		a.tables.AddChain(h.chain)
	}
	if err := a.tables.Flush(); err != nil {
		return err
	}
	for _, h := range hooks {
		for _, m := range sizes {
			a.tables.AddRule(&nftables.Rule{Table: table, Chain: h.chain, Exprs: rule(h.link, m.nfproto, m.links.Name)})
			// One at a time: the kernel tells of each new rule too, before Linux 5.10 in a
			// message of its own, and Flush expects one such.
			if err := a.tables.Flush(); err != nil {
				return err
			}
		}
	}
	for names := range slices.Chunk(slices.Sorted(maps.Keys(a.links)), linksAtATime) {
		some := map[string]ipsec.MSS{}
		for _, name := range names {
			some[name] = a.links[name]
		}
		if err := errors.Join(put(a.tables.SetAddElements, some), a.tables.Flush()); err != nil {
			return err
		}
	}
	a.stands = true
	return nil
}

// removeTable removes our table. That there is none, or none can be, is no error.
func (a *adjusting) removeTable() error {
	clear(a.links)
	a.stands = false
	if a.tables == nil {
		return nil
	}
	a.tables.DelTable(table)
	err := a.tables.Flush()
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// mssDiffers says how ip tcp adjust-mss of a link does not stand, "" when it does; an
// error is why it cannot. One link speaks for all.
func (i *Interfaces) mssDiffers(l ipsec.Link) (string, error) {
	a := &i.adjusting
	if l.Name != a.asked || l.MSS == (ipsec.MSS{}) {
		return "", nil
	}
	if a.refused != nil {
		return "", a.refused
	}
	stands, err := a.asMade()
	if err != nil || stands {
		return "", err
	}
	a.stands = false
	return "its ip tcp adjust-mss was removed or changed", nil
}

// asMade says whether our table is as we have made it.
func (a *adjusting) asMade() (bool, error) {
	for _, h := range hooks {
		var want [][]expr.Any
		for _, m := range sizes {
			want = append(want, rule(h.link, m.nfproto, m.links.Name))
		}
		rules, err := a.tables.GetRules(table, h.chain) // none where there is no chain
		same := func(r *nftables.Rule, exprs []expr.Any) bool { return reflect.DeepEqual(r.Exprs, exprs) }
		if err != nil || !slices.EqualFunc(rules, want, same) {
			return false, err
		}
	}
	for _, m := range sizes {
		list, err := a.tables.GetSetElements(m.links)
		if err != nil {
			return false, err
		}
		standing := map[string]uint16{}
		for _, e := range list {
			if len(e.Val) == 2 {
				standing[unix.ByteSliceToString(e.Key)] = binary.BigEndian.Uint16(e.Val)
			}
		}
		for name, mss := range a.links {
			if m.of(mss) != standing[name] {
				return false, nil
			}
		}
	}
	return true, nil
}
