package xfrm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// eventBuffer is the size of the kernel's queue for us, in octets. A message
// takes about a kilobyte there: room for a few thousand SAs that expire at
// once.
const eventBuffer = 4 << 20

// A watcher listens to the kernel's XFRM multicast groups.
type watcher struct {
	socket *nl.NetlinkSocket
	events chan ipsec.Event
	once   sync.Once
	closed chan struct{}
}

// newWatcher subscribes in the current namespace.
func newWatcher(buffer int) (*watcher, error) {
	s, err := nl.Subscribe(unix.NETLINK_XFRM, nl.XFRMNLGRP_ACQUIRE, nl.XFRMNLGRP_EXPIRE, nl.XFRMNLGRP_MAPPING)
	if err != nil {
		return nil, fmt.Errorf("listen to XFRM events: %w", err)
	}
	// Beyond net.core.rmem_max only with CAP_NET_ADMIN, which the rest of this
	// package needs too; without it the kernel's own size will do.
	if s.SetReceiveBufferSize(buffer, true) != nil {
		s.SetReceiveBufferSize(buffer, false)
	}
	return &watcher{socket: s, events: make(chan ipsec.Event, 64), closed: make(chan struct{})}, nil
}

func (w *watcher) close() {
	w.once.Do(func() {
		close(w.closed)
		w.socket.Close()
	})
}

// run passes events on until the watcher is closed; it closes the channel.
func (w *watcher) run(d *Dataplane) {
	defer close(w.events)
	for {
		msgs, _, err := w.socket.Receive()
		switch {
		case errors.Is(err, os.ErrClosed):
			return
		case errors.Is(err, syscall.ENOBUFS):
			// The kernel dropped events, it does not say which.
			if !w.resynchronise(d) || !w.report(d, ipsec.Overflow{}) {
				return
			}
			continue
		case err != nil:
			select {
			case <-w.closed:
				return
			default:
				continue // a message cut short or none of the kernel's: nothing to read in it
			}
		}
		for _, m := range msgs {
			if e := decode(m.Header.Type, m.Data); e != nil && !w.report(d, e) {
				return
			}
		}
	}
}

// report passes on one event unless it was reported already; false when the
// watcher is closed.
func (w *watcher) report(d *Dataplane, e ipsec.Event) bool {
	switch x := e.(type) {
	case ipsec.Expired:
		if !d.expired(&x) {
			return true
		}
		e = x
	case ipsec.Mapped:
		var known bool
		if x.SAID, known = d.named(x.SAID); !known {
			return true
		}
		e = x
	}
	select {
	case w.events <- e:
		return true
	case <-w.closed:
		return false
	}
}

// decode turns a message into an event; nil for what is not ours.
func decode(message uint16, b []byte) ipsec.Event {
	switch message {
	case nl.XFRM_MSG_EXPIRE:
		return decodeExpire(b)
	case nl.XFRM_MSG_ACQUIRE:
		return decodeAcquire(b)
	case nl.XFRM_MSG_MAPPING:
		return decodeMapping(b)
	}
	return nil
}

// decodeExpire reads struct xfrm_user_expire: the SA, then one octet that says
// whether it is gone. SPI 0 is a larval SA that traffic asked for in vain.
func decodeExpire(b []byte) ipsec.Event {
	if len(b) < nl.SizeofXfrmUserExpire {
		return nil
	}
	m := nl.DeserializeXfrmUserExpire(bytes.Clone(b[:nl.SizeofXfrmUserExpire]))
	s := fromUsersa(&m.XfrmUsersaInfo)
	if s.id.SPI == 0 || !s.reqID.Ours() {
		return nil
	}
	if v := attribute(b[nl.SizeofXfrmUserExpire:], nl.XFRMA_MARK); len(v) >= nl.SizeofXfrmMark {
		s.id.Mark = binary.NativeEndian.Uint32(v)
	}
	return ipsec.Expired{SAID: s.id, Hard: m.Hard != 0}
}

// Offsets in struct xfrm_user_acquire: the SA's id, its source, the packet's
// selector, the policy, three algorithm masks and a sequence number.
const (
	acquireSelector = nl.SizeofXfrmId + nl.SizeofXfrmAddress
	acquireLen      = acquireSelector + nl.SizeofXfrmSelector + nl.SizeofXfrmUserpolicyInfo + 4*4
	templateReqID   = nl.SizeofXfrmId + 4 + nl.SizeofXfrmAddress // in struct xfrm_user_tmpl: id, family, source, reqid
)

// decodeAcquire reads an acquire. The request id is in the template that the
// kernel wants an SA for.
func decodeAcquire(b []byte) ipsec.Event {
	if len(b) < acquireLen {
		return nil
	}
	template := attribute(b[acquireLen:], nl.XFRMA_TMPL)
	if len(template) < nl.SizeofXfrmUserTmpl {
		return nil
	}
	id := ipsec.ReqID(binary.NativeEndian.Uint32(template[templateReqID:]))
	if !id.Ours() {
		return nil
	}
	sel := nl.DeserializeXfrmSelector(bytes.Clone(b[acquireSelector : acquireSelector+nl.SizeofXfrmSelector]))
	if int(sel.PrefixlenS) > bitLen(sel.Family) || int(sel.PrefixlenD) > bitLen(sel.Family) {
		return nil
	}
	return ipsec.Acquire{ReqID: id, Selector: fromSelector(*sel)}
}

func bitLen(family uint16) int {
	if family == unix.AF_INET6 {
		return 128
	}
	return 32
}

// attribute finds the first attribute of a type; nil when there is none.
func attribute(b []byte, kind uint16) []byte {
	attrs, err := nl.ParseRouteAttr(b)
	if err != nil {
		return nil
	}
	for _, a := range attrs {
		if a.Attr.Type == kind {
			return a.Value
		}
	}
	return nil
}
