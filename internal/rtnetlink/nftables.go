package rtnetlink

import (
	"encoding/binary"
	"errors"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// table is our own one in a namespace, of family inet.
const table = "obol"

// about is a message about something in nf_tables.
func about(message int, attributes ...*nl.RtAttr) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|message, 0)
	switch message {
	case unix.NFT_MSG_NEWTABLE, unix.NFT_MSG_NEWSET, unix.NFT_MSG_NEWCHAIN, unix.NFT_MSG_NEWSETELEM:
		r.Flags |= unix.NLM_F_CREATE
	case unix.NFT_MSG_NEWRULE:
		r.Flags |= unix.NLM_F_CREATE | unix.NLM_F_APPEND
	}
	r.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_INET})
	for _, a := range attributes {
		r.AddData(a)
	}
	return r
}

// edge is the message before a transaction, or behind it.
func edge(kind int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(kind, 0)
	r.AddData(&nl.Nfgenmsg{ResId: nl.Swap16(unix.NFNL_SUBSYS_NFTABLES)})
	return r
}

// transaction has the kernel carry out all messages, or none.
func (i *Interfaces) transaction(messages []*nl.NetlinkRequest) error {
	h := i.sockets[unix.NETLINK_NETFILTER]
	if h == nil {
		return unix.EPROTONOSUPPORT
	}
	begin, last := edge(unix.NFNL_MSG_BATCH_BEGIN), messages[len(messages)-1]
	last.Flags |= unix.NLM_F_ACK
	var octets []byte
	for _, m := range slices.Concat([]*nl.NetlinkRequest{begin}, messages, []*nl.NetlinkRequest{edge(unix.NFNL_MSG_BATCH_END)}) {
		h.Seq++
		m.Seq = h.Seq
		octets = append(octets, m.Serialize()...)
	}
	if err := unix.Sendto(h.Socket.GetFd(), octets, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	return outcome(h.Socket, begin.Seq, last.Seq)
}

// outcome reads the answers to a transaction: errors, and one to its last message. An
// error about its beginning is about all of it, and ends it.
func outcome(s *nl.NetlinkSocket, begin, last uint32) (first error) {
	for {
		answers, _, err := s.Receive()
		if err != nil {
			return err
		}
		for _, m := range answers {
			if m.Header.Type != unix.NLMSG_ERROR || m.Header.Seq < begin || m.Header.Seq > last || len(m.Data) < 4 {
				continue // of one before
			}
			if no := -int32(binary.NativeEndian.Uint32(m.Data)); no != 0 && first == nil {
				first = syscall.Errno(no)
			}
			if m.Header.Seq == begin || m.Header.Seq == last {
				return first
			}
		}
	}
}

// ask gives the attributes of each answer to a question.
func (i *Interfaces) ask(r *nl.NetlinkRequest) ([][]byte, error) {
	if r.Sockets = i.sockets; i.sockets[unix.NETLINK_NETFILTER] == nil {
		return nil, unix.EPROTONOSUPPORT
	}
	list, err := r.Execute(unix.NETLINK_NETFILTER, 0)
	for n, m := range list {
		list[n] = m[min(nl.SizeofNfgenmsg, len(m)):]
	}
	return list, err
}

// list asks for all that there is of a kind; none where its table or map is not there.
func (i *Interfaces) list(message int, attributes ...*nl.RtAttr) ([][]byte, error) {
	all, err := Whole(func() ([][]byte, error) {
		r := about(message, attributes...)
		r.Flags |= unix.NLM_F_DUMP
		return i.ask(r)
	})
	if errors.Is(err, unix.ENOENT) {
		err = nil
	}
	return all, err
}

// generation counts the changes of anything in nf_tables, whoever makes them.
func (i *Interfaces) generation() (uint32, error) {
	list, err := i.ask(about(unix.NFT_MSG_GETGEN))
	for _, m := range list {
		if id := inside(m)[unix.NFTA_GEN_ID]; len(id) == 4 {
			return binary.BigEndian.Uint32(id), err
		}
	}
	return 0, err
}

// inside are attributes by their types.
func inside(b []byte) map[uint16][]byte {
	list, _ := nl.ParseRouteAttr(b) // the kernel's own: what cannot be read is not there
	all := map[uint16][]byte{}
	for _, a := range list {
		all[a.Attr.Type&^unix.NLA_F_NESTED] = a.Value
	}
	return all
}

func text(attribute int, s string) *nl.RtAttr {
	return nl.NewRtAttr(attribute, nl.ZeroTerminated(s))
}

func number(attribute int, n uint32) *nl.RtAttr {
	return nl.NewRtAttr(attribute, binary.BigEndian.AppendUint32(nil, n))
}

func nested(attribute int, list ...*nl.RtAttr) *nl.RtAttr {
	a := nl.NewRtAttr(attribute|unix.NLA_F_NESTED, nil)
	for _, one := range list {
		a.AddChild(one)
	}
	return a
}

// value is what is in a register, or is compared with it.
func value(attribute int, b []byte) *nl.RtAttr {
	return nested(attribute, nl.NewRtAttr(unix.NFTA_DATA_VALUE, b))
}
