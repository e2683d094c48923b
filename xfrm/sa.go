package xfrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/rtnetlink"
)

// InstallSA adds an SA, with the AH around it, and gives it what ExpectSA has kept.
// One with the same destination, SPI and mark is an error.
func (d *Dataplane) InstallSA(sa ipsec.SA) error {
	err := d.install(sa)
	if err == nil && sa.Direction == ipsec.In {
		d.giveBack(sa.SAID)
	}
	return err
}

func (d *Dataplane) install(sa ipsec.SA) error {
	const flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	if sa.AH == nil {
		return d.sendSA("install", nl.XFRM_MSG_NEWSA, flags, sa)
	}
	around := sa.Around()
	if err := d.send("install", nl.XFRM_MSG_NEWSA, flags, around); err != nil {
		return err
	}
	err := d.sendSA("install", nl.XFRM_MSG_NEWSA, flags, sa)
	if err != nil {
		err = errors.Join(err, d.remove(around.SAID))
	}
	return err
}

// UpdateSA changes the lifetimes and the UDP encapsulation of an SA that is
// installed. Its addresses are its name and stay. An AH around it has neither.
func (d *Dataplane) UpdateSA(sa ipsec.SA) error {
	return d.sendSA("update", nl.XFRM_MSG_UPDSA, unix.NLM_F_REPLACE, sa)
}

func (d *Dataplane) sendSA(what string, message, flags int, sa ipsec.SA) error {
	// Known before the kernel has it: the event of a short lifetime may
	// overtake the answer.
	old := d.remember(sa)
	err := d.send(what, message, flags, sa)
	if err != nil {
		d.restore(sa.SAID, old)
	}
	return err
}

func (d *Dataplane) send(what string, message, flags int, sa ipsec.SA) error {
	r := d.request(message, flags|unix.NLM_F_ACK)
	for _, part := range saMessage(sa) {
		r.AddData(part)
	}
	if _, err := r.Execute(unix.NETLINK_XFRM, 0); err != nil {
		return fmt.Errorf("%s %s: %w", what, describeSA(sa), err)
	}
	return nil
}

// describeSA says all about an SA but its keys.
func describeSA(sa ipsec.SA) string {
	s := fmt.Sprintf("%s SA %s", sa.Direction, describeID(sa.SAID))
	if sa.Encr != nil {
		s += fmt.Sprintf(" %s, key of %d bits", sa.Encr.XFRM, sa.KeyBits())
	}
	if sa.Integ != nil {
		s += fmt.Sprintf(" %s, key of %d bits", sa.Integ.XFRM, 8*len(sa.IntegKey))
	}
	return s
}

func describeID(id ipsec.SAID) string {
	s := fmt.Sprintf("%s %s -> %s spi 0x%08x", id.Protocol, id.Src, id.Dst, id.SPI)
	if id.Mark != 0 {
		s += fmt.Sprintf(" mark 0x%x", id.Mark)
	}
	return s
}

// saMessage is the body of NEWSA and UPDSA.
func saMessage(sa ipsec.SA) []nl.NetlinkRequestData {
	m := &nl.XfrmUsersaInfo{
		Sel:    toSelector(sa.Selector, sa.Direction),
		Id:     nl.XfrmId{Daddr: toXfrm(sa.Dst), Spi: nl.Swap32(sa.SPI), Proto: uint8(sa.Protocol)},
		Saddr:  toXfrm(sa.Src),
		Lft:    lifetimes(sa.Soft, sa.Hard),
		Reqid:  uint32(sa.ReqID),
		Family: family(sa.Dst),
		Mode:   mode(sa.Mode),
	}
	// RFC 4302 section 2.6 aligns an IPv4 AH to 32 bits. Left to itself the kernel
	// aligns to 64, and nobody else verifies an ICV of 128 bits then.
	if sa.Protocol == ipsec.AH && m.Family == unix.AF_INET {
		m.Flags |= nl.XFRM_STATE_ALIGN4
	}
	if sa.DF == ipsec.DFClear {
		m.Flags |= nl.XFRM_STATE_NOPMTUDISC
	}
	parts := []nl.NetlinkRequestData{m}
	add := func(attr int, value []byte) { parts = append(parts, nl.NewRtAttr(attr, value)) }
	switch {
	case sa.Protocol != ipsec.ESP || sa.Encr == nil:
	case sa.Encr.Combined(): // its key has the salt behind it here too
		a := nl.XfrmAlgoAEAD{AlgKeyLen: uint32(8 * len(sa.EncrKey)), AlgICVLen: uint32(8 * sa.Encr.ICV), AlgKey: sa.EncrKey}
		copy(a.AlgName[:], sa.Encr.XFRM)
		add(nl.XFRMA_ALG_AEAD, a.Serialize())
	default:
		a := nl.XfrmAlgo{AlgKeyLen: uint32(8 * len(sa.EncrKey)), AlgKey: sa.EncrKey}
		copy(a.AlgName[:], sa.Encr.XFRM)
		add(nl.XFRMA_ALG_CRYPT, a.Serialize())
	}
	if sa.Integ != nil {
		a := nl.XfrmAlgoAuth{AlgKeyLen: uint32(8 * len(sa.IntegKey)), AlgTruncLen: uint32(8 * sa.Integ.ICV), AlgKey: sa.IntegKey}
		copy(a.AlgName[:], sa.Integ.XFRM)
		add(nl.XFRMA_ALG_AUTH_TRUNC, a.Serialize())
	}
	if sa.ESN {
		m.Flags |= nl.XFRM_STATE_ESN
	}
	if sa.ESN || sa.Direction == ipsec.In && sa.Replay > 0 {
		add(nl.XFRMA_REPLAY_ESN_VAL, replayWindow(sa.Replay))
	}
	if e := sa.Encap; e != nil {
		sport, dport := e.LocalPort, e.RemotePort
		if sa.Direction == ipsec.In {
			sport, dport = dport, sport
		}
		a := nl.XfrmEncapTmpl{EncapType: unix.UDP_ENCAP_ESPINUDP, EncapSport: nl.Swap16(sport), EncapDport: nl.Swap16(dport)}
		add(nl.XFRMA_ENCAP, a.Serialize())
	}
	if sa.Mark != 0 {
		add(nl.XFRMA_MARK, mark(sa.Mark))
	}
	if sa.IfID != 0 {
		add(nl.XFRMA_IF_ID, nl.Uint32Attr(sa.IfID))
	}
	return parts
}

// mark is the attribute of a full mark.
func mark(v uint32) []byte {
	m := nl.XfrmMark{Value: v, Mask: ^uint32(0)}
	return m.Serialize()
}

func mode(m ipsec.Mode) uint8 {
	if m == ipsec.Transport {
		return uint8(netlink.XFRM_MODE_TRANSPORT)
	}
	return uint8(netlink.XFRM_MODE_TUNNEL)
}

// replayWindow is struct xfrm_replay_state_esn: without the ESN flag on the SA
// it means a plain 32-bit sequence number with a window of any size, where
// the old field stops at 32 packets. With the flag both directions need it.
func replayWindow(packets int) []byte {
	words := (packets + 31) / 32
	b := make([]byte, nl.SizeofXfrmReplayStateEsn+4*words)
	binary.NativeEndian.PutUint32(b[0:], uint32(words))
	binary.NativeEndian.PutUint32(b[20:], uint32(packets))
	return b
}

func lifetimes(soft, hard ipsec.Lifetime) nl.XfrmLifetimeCfg {
	return nl.XfrmLifetimeCfg{
		SoftByteLimit: octets(soft.Kilobytes), HardByteLimit: octets(hard.Kilobytes),
		SoftPacketLimit: orInfinite(soft.Packets), HardPacketLimit: orInfinite(hard.Packets),
		SoftAddExpiresSeconds: seconds(soft.Duration), HardAddExpiresSeconds: seconds(hard.Duration),
	}
}

// orInfinite is a limit in packets; none is infinite.
func orInfinite(packets uint64) uint64 {
	if packets == 0 {
		return nl.XFRM_INF
	}
	return packets
}

// octets of a volume limit; none is infinite.
func octets(kilobytes uint64) uint64 {
	if kilobytes == 0 || kilobytes > nl.XFRM_INF/1024 {
		return nl.XFRM_INF
	}
	return kilobytes * 1024
}

// seconds, rounded up: 0 means no limit to the kernel.
func seconds(d time.Duration) uint64 {
	return uint64((d + time.Second - 1) / time.Second)
}

// idRequest starts a message that names an SA.
func (d *Dataplane) idRequest(message int, id ipsec.SAID) *nl.NetlinkRequest {
	r := d.request(message, unix.NLM_F_ACK)
	r.AddData(&nl.XfrmUsersaId{Daddr: toXfrm(id.Dst), Spi: nl.Swap32(id.SPI), Family: family(id.Dst), Proto: uint8(id.Protocol)})
	src := toXfrm(id.Src)
	r.AddData(nl.NewRtAttr(nl.XFRMA_SRCADDR, src.Serialize()))
	if id.Mark != 0 {
		r.AddData(nl.NewRtAttr(nl.XFRMA_MARK, mark(id.Mark)))
	}
	return r
}

// RemoveSA removes an SA, with the AH around it. That it is gone already, by
// expiry as a rule, is no error. One that was expected only is none any more.
func (d *Dataplane) RemoveSA(id ipsec.SAID) error {
	d.unexpect(id)
	d.forget(id)
	own, around := id.Names()
	err := d.remove(own)
	if around.SPI != 0 {
		err = errors.Join(err, d.remove(around))
	}
	return err
}

func (d *Dataplane) remove(id ipsec.SAID) error {
	_, err := d.idRequest(nl.XFRM_MSG_DELSA, id).Execute(unix.NETLINK_XFRM, 0)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("remove SA %s: %w", describeID(id), err)
	}
	return nil
}

// QuerySA reads the counters of an SA.
func (d *Dataplane) QuerySA(id ipsec.SAID) (ipsec.Counters, error) {
	s, err := d.get(id)
	return s.counters, err
}

func (d *Dataplane) get(id ipsec.SAID) (state, error) {
	msgs, err := d.idRequest(nl.XFRM_MSG_GETSA, id).Execute(unix.NETLINK_XFRM, nl.XFRM_MSG_NEWSA)
	if err == nil && len(msgs) == 0 {
		err = syscall.ESRCH
	}
	if err != nil {
		return state{}, fmt.Errorf("query SA %s: %w", describeID(id), err)
	}
	return parseState(msgs[0])
}

// A state is an SA as the kernel shows it, without its keys.
type state struct {
	id       ipsec.SAID
	reqID    ipsec.ReqID
	ifID     uint32
	mode     uint8
	lft      nl.XfrmLifetimeCfg
	replay   int // window in packets
	counters ipsec.Counters
}

// parseState reads a NEWSA message.
func parseState(b []byte) (state, error) {
	if len(b) < nl.SizeofXfrmUsersaInfo {
		return state{}, fmt.Errorf("SA message of %d octets", len(b))
	}
	s := fromUsersa(nl.DeserializeXfrmUsersaInfo(bytes.Clone(b[:nl.SizeofXfrmUsersaInfo])))
	attrs, err := nl.ParseRouteAttr(b[nl.SizeofXfrmUsersaInfo:])
	if err != nil {
		return state{}, fmt.Errorf("SA message: %w", err)
	}
	for _, a := range attrs {
		switch v := a.Value; {
		case a.Attr.Type == nl.XFRMA_MARK && len(v) >= nl.SizeofXfrmMark:
			s.id.Mark = binary.NativeEndian.Uint32(v)
		case a.Attr.Type == nl.XFRMA_IF_ID && len(v) >= 4:
			s.ifID = binary.NativeEndian.Uint32(v)
		case a.Attr.Type == nl.XFRMA_REPLAY_ESN_VAL && len(v) >= nl.SizeofXfrmReplayStateEsn:
			s.replay = int(binary.NativeEndian.Uint32(v[20:]))
		case a.Attr.Type == nl.XFRMA_LASTUSED && len(v) >= 8:
			s.counters.LastUsed = unixTime(binary.NativeEndian.Uint64(v))
		}
	}
	return s, nil
}

func fromUsersa(m *nl.XfrmUsersaInfo) state {
	return state{
		id: ipsec.SAID{Src: fromXfrm(m.Saddr, m.Family), Dst: fromXfrm(m.Id.Daddr, m.Family),
			SPI: nl.Swap32(m.Id.Spi), Protocol: ipsec.Protocol(m.Id.Proto)},
		reqID: ipsec.ReqID(m.Reqid), mode: m.Mode, lft: m.Lft, replay: int(m.ReplayWindow),
		counters: ipsec.Counters{Packets: m.Curlft.Packets, Octets: m.Curlft.Bytes,
			ReplayErrors: uint64(m.Stats.Replay) + uint64(m.Stats.ReplayWindow), IntegrityErrors: uint64(m.Stats.IntegrityFailed),
			Added: unixTime(m.Curlft.AddTime)},
	}
}

// unixTime is zero for 0, the kernel's "never".
func unixTime(s uint64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0)
}

// states lists all SAs of the kernel, the larval ones included.
func (d *Dataplane) states() ([]state, error) {
	msgs, err := rtnetlink.Whole(func() ([][]byte, error) {
		return d.request(nl.XFRM_MSG_GETSA, unix.NLM_F_DUMP).Execute(unix.NETLINK_XFRM, nl.XFRM_MSG_NEWSA)
	})
	if err != nil {
		return nil, fmt.Errorf("list SAs: %w", err)
	}
	list := make([]state, 0, len(msgs))
	for _, m := range msgs {
		s, err := parseState(m)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
