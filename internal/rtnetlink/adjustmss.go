package rtnetlink

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vishvananda/netlink/nl"
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
	links      map[string]ipsec.MSS
	rules      [][]byte // as the kernel gives them back; nil: they do not stand
	generation uint32   // of the kernel's tables when all stood; 0: not known
	refused    error    // why it cannot be done
}

// sizes are the maps, and which version of IP each is for.
var sizes = [...]struct {
	name    string
	nfproto byte
	of      func(ipsec.MSS) uint16
}{
	{"ip_mss", unix.NFPROTO_IPV4, func(m ipsec.MSS) uint16 { return m.IPv4 }},
	{"ipv6_mss", unix.NFPROTO_IPV6, func(m ipsec.MSS) uint16 { return m.IPv6 }},
}

// hooks are where the kernel knows the link that a packet has come from, or goes to.
var hooks = [...]struct {
	name         string
	number, link uint32
}{
	{"prerouting", unix.NF_INET_PRE_ROUTING, unix.NFT_META_IIFNAME},
	{"postrouting", unix.NF_INET_POST_ROUTING, unix.NFT_META_OIFNAME},
}

const (
	mangle       = -150 // NF_IP_PRI_MANGLE of linux/netfilter_ipv4.h
	ifname       = 41   // types of nft, for those who list the maps
	inetService  = 13
	protocolTCP  = 6
	flagsOfTCP   = 13 // where they stand in the header
	synchronize  = 2
	optionMSS    = 2   // RFC 9293 section 3.1: kind 2, length 4, and the size
	linksAtATime = 500 // in one message
)

// adjustMSS has segments through a link adjusted, or no more.
func (i *Interfaces) adjustMSS(link string, mss ipsec.MSS) error {
	a := &i.adjusting
	was := a.links[link]
	if was == mss && (a.rules != nil || len(a.links) == 0) {
		return nil
	}
	if a.links[link] = mss; mss == (ipsec.MSS{}) {
		delete(a.links, link)
	}
	a.generation = 0
	if a.rules != nil && len(a.links) > 0 {
		change := append(elements(unix.NFT_MSG_DELSETELEM, map[string]ipsec.MSS{link: was}), elements(unix.NFT_MSG_NEWSETELEM, map[string]ipsec.MSS{link: mss})...)
		if i.transaction(change) == nil {
			return nil
		}
	}
	if a.refused = i.makeTable(); a.refused != nil {
		a.refused = fmt.Errorf("ip tcp adjust-mss has no effect: nf_tables: %w", a.refused)
	}
	return a.refused
}

// makeTable makes our table anew, whatever of it stands; none where no link needs it.
func (i *Interfaces) makeTable() error {
	a := &i.adjusting
	a.rules = nil
	if len(a.links) == 0 {
		return i.removeTable()
	}
	// What has just been made can be removed in any case.
	list := []*nl.NetlinkRequest{about(unix.NFT_MSG_NEWTABLE, text(unix.NFTA_TABLE_NAME, table)), about(unix.NFT_MSG_DELTABLE, text(unix.NFTA_TABLE_NAME, table)),
		about(unix.NFT_MSG_NEWTABLE, text(unix.NFTA_TABLE_NAME, table))}
	for n, m := range sizes {
		list = append(list, about(unix.NFT_MSG_NEWSET, text(unix.NFTA_SET_TABLE, table), text(unix.NFTA_SET_NAME, m.name), number(unix.NFTA_SET_ID, uint32(n)+1),
			number(unix.NFTA_SET_FLAGS, unix.NFT_SET_MAP), number(unix.NFTA_SET_KEY_TYPE, ifname), number(unix.NFTA_SET_KEY_LEN, unix.IFNAMSIZ),
			number(unix.NFTA_SET_DATA_TYPE, inetService), number(unix.NFTA_SET_DATA_LEN, 2), nl.NewRtAttr(unix.NFTA_SET_USERDATA, orders())))
	}
	for _, h := range hooks {
		priority := int32(mangle)
		list = append(list, about(unix.NFT_MSG_NEWCHAIN, text(unix.NFTA_CHAIN_TABLE, table), text(unix.NFTA_CHAIN_NAME, h.name), text(unix.NFTA_CHAIN_TYPE, "filter"),
			nested(unix.NFTA_CHAIN_HOOK, number(unix.NFTA_HOOK_HOOKNUM, h.number), number(unix.NFTA_HOOK_PRIORITY, uint32(priority)))))
		for _, m := range sizes {
			list = append(list, about(unix.NFT_MSG_NEWRULE, text(unix.NFTA_RULE_TABLE, table), text(unix.NFTA_RULE_CHAIN, h.name), rule(h.link, m.nfproto, m.name)))
		}
	}
	if err := i.transaction(list); err != nil {
		return err
	}
	for names := range slices.Chunk(slices.Sorted(maps.Keys(a.links)), linksAtATime) {
		some := map[string]ipsec.MSS{}
		for _, name := range names {
			some[name] = a.links[name]
		}
		if err := i.transaction(elements(unix.NFT_MSG_NEWSETELEM, some)); err != nil {
			return err
		}
	}
	var err error
	a.rules, err = i.standingRules()
	return err
}

// removeTable removes our table. That there is none, or none can be, is no error.
func (i *Interfaces) removeTable() error {
	clear(i.adjusting.links)
	i.adjusting.rules = nil
	err := i.transaction([]*nl.NetlinkRequest{about(unix.NFT_MSG_DELTABLE, text(unix.NFTA_TABLE_NAME, table))})
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// orders tells nft the order of octets in keys, the host's, and in data, the network's:
// it reads names backwards otherwise. Each has type, length and value, as in libnftnl.
func orders() []byte {
	const host, network = 1, 2
	b := binary.NativeEndian.AppendUint32([]byte{0, 4}, host)
	return binary.NativeEndian.AppendUint32(append(b, 1, 4), network)
}

// rule is for a SYN of one version of IP, by what is known of its link.
func rule(link uint32, nfproto byte, sizes string) *nl.RtAttr {
	const register = unix.NFT_REG_1
	load := func(key uint32) *nl.RtAttr {
		return expression("meta", number(unix.NFTA_META_KEY, key), number(unix.NFTA_META_DREG, register))
	}
	compare := func(op uint32, b byte) *nl.RtAttr {
		return expression("cmp", number(unix.NFTA_CMP_SREG, register), number(unix.NFTA_CMP_OP, op), value(unix.NFTA_CMP_DATA, []byte{b}))
	}
	return nested(unix.NFTA_RULE_EXPRESSIONS,
		load(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, nfproto),
		load(unix.NFT_META_L4PROTO), compare(unix.NFT_CMP_EQ, protocolTCP),
		expression("payload", number(unix.NFTA_PAYLOAD_DREG, register), number(unix.NFTA_PAYLOAD_BASE, unix.NFT_PAYLOAD_TRANSPORT_HEADER),
			number(unix.NFTA_PAYLOAD_OFFSET, flagsOfTCP), number(unix.NFTA_PAYLOAD_LEN, 1)),
		expression("bitwise", number(unix.NFTA_BITWISE_SREG, register), number(unix.NFTA_BITWISE_DREG, register), number(unix.NFTA_BITWISE_LEN, 1),
			value(unix.NFTA_BITWISE_MASK, []byte{synchronize}), value(unix.NFTA_BITWISE_XOR, []byte{0})),
		compare(unix.NFT_CMP_NEQ, 0),
		load(link),
		expression("lookup", text(unix.NFTA_LOOKUP_SET, sizes), number(unix.NFTA_LOOKUP_SREG, register), number(unix.NFTA_LOOKUP_DREG, register)),
		expression("exthdr", number(unix.NFTA_EXTHDR_OP, unix.NFT_EXTHDR_OP_TCPOPT), nl.NewRtAttr(unix.NFTA_EXTHDR_TYPE, []byte{optionMSS}),
			number(unix.NFTA_EXTHDR_OFFSET, 2), number(unix.NFTA_EXTHDR_LEN, 2), number(unix.NFTA_EXTHDR_SREG, register)),
	)
}

func expression(name string, list ...*nl.RtAttr) *nl.RtAttr {
	return nested(unix.NFTA_LIST_ELEM, text(unix.NFTA_EXPR_NAME, name), nested(unix.NFTA_EXPR_DATA, list...))
}

// elements are messages about what the maps have of links.
func elements(message int, links map[string]ipsec.MSS) (list []*nl.NetlinkRequest) {
	for _, m := range sizes {
		all := nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		for name, mss := range links {
			if m.of(mss) == 0 {
				continue
			}
			var key [unix.IFNAMSIZ]byte
			copy(key[:], name)
			one := nested(unix.NFTA_LIST_ELEM, value(unix.NFTA_SET_ELEM_KEY, key[:]))
			if message == unix.NFT_MSG_NEWSETELEM {
				one.AddChild(value(unix.NFTA_SET_ELEM_DATA, binary.BigEndian.AppendUint16(nil, m.of(mss))))
			}
			all.AddChild(one)
		}
		if all.Len() > unix.SizeofNlAttr {
			list = append(list, about(message, text(unix.NFTA_SET_ELEM_LIST_TABLE, table), text(unix.NFTA_SET_ELEM_LIST_SET, m.name), all))
		}
	}
	return list
}

// mssDiffers says how ip tcp adjust-mss of a link does not stand, "" when it does; an
// error is why it cannot.
func (i *Interfaces) mssDiffers(l ipsec.Link) (string, error) {
	a := &i.adjusting
	if l.MSS == (ipsec.MSS{}) {
		return "", nil
	}
	if a.refused != nil {
		return "", a.refused
	}
	now, err := i.generation()
	if err != nil {
		return "", err
	}
	if now != a.generation {
		stands, err := i.asMade()
		if err != nil {
			return "", err
		}
		if !stands {
			a.rules = nil
			return "its ip tcp adjust-mss was removed or changed", nil
		}
		a.generation = now
	}
	return "", nil
}

// asMade says whether our table is as we have made it.
func (i *Interfaces) asMade() (bool, error) {
	rules, err := i.standingRules()
	if err != nil || i.adjusting.rules == nil || !slices.EqualFunc(rules, i.adjusting.rules, bytes.Equal) {
		return false, err
	}
	for _, m := range sizes {
		standing, err := i.standingSizes(m.name)
		if err != nil {
			return false, err
		}
		for name, mss := range i.adjusting.links {
			if m.of(mss) != standing[name] {
				return false, nil
			}
		}
	}
	return true, nil
}

// standingRules are those of our table; none where there is no table.
func (i *Interfaces) standingRules() ([][]byte, error) {
	return i.list(unix.NFT_MSG_GETRULE, text(unix.NFTA_RULE_TABLE, table))
}

// standingSizes are what a map has.
func (i *Interfaces) standingSizes(name string) (map[string]uint16, error) {
	list, err := i.list(unix.NFT_MSG_GETSETELEM, text(unix.NFTA_SET_ELEM_LIST_TABLE, table), text(unix.NFTA_SET_ELEM_LIST_SET, name))
	standing := map[string]uint16{}
	for _, part := range list {
		all, _ := nl.ParseRouteAttr(inside(part)[unix.NFTA_SET_ELEM_LIST_ELEMENTS])
		for _, one := range all {
			element := inside(one.Value)
			key, size := inside(element[unix.NFTA_SET_ELEM_KEY])[unix.NFTA_DATA_VALUE], inside(element[unix.NFTA_SET_ELEM_DATA])[unix.NFTA_DATA_VALUE]
			if len(size) == 2 {
				standing[unix.ByteSliceToString(key)] = binary.BigEndian.Uint16(size)
			}
		}
	}
	return standing, err
}
