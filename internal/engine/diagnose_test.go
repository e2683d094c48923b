package engine

import (
	"fmt"
	"testing"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// crypto ikev2 diagnose error says how many of the last errors are kept; the others
// are counted.
func TestErrors(t *testing.T) {
	x := Errors{Limit: 3}
	for i := range 5 {
		x.note(ikev2.CreateRefused{Type: wire.NotifyTypeV2(i)})
		x.note(ikev2.Retransmission{})
		x.note(ikev2.MessageRejected{Exchange: wire.ExchangeAuth})
	}
	before := x.copied()
	x.bound(1)
	x.bound(2)
	x.note(ikev2.MessageRejected{Exchange: wire.ExchangeCreateChildSA})
	x.note(ikev2.PeerDead{})
	got := fmt.Sprint(kept(before), before.Deleted, kept(x), x.Limit, x.Deleted)
	if want := "[2 3 4] 2 [rejected dead] 2 5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	x.bound(0)
	if x.note(ikev2.PeerDead{}); len(x.Kept) > 0 {
		t.Error("errors are kept, and none shall be")
	}
}

// kept names the errors.
func kept(x Errors) (all []string) {
	for _, event := range x.Kept {
		switch e := event.(type) {
		case ikev2.CreateRefused:
			all = append(all, fmt.Sprint(uint16(e.Type)))
		case ikev2.MessageRejected:
			all = append(all, "rejected")
		case ikev2.PeerDead:
			all = append(all, "dead")
		case ike.NegotiationFailed:
			all = append(all, e.Stage+": "+e.Reason)
		}
	}
	return all
}

// A peer whose offer has nothing of ours, and then another configuration: 50 are kept
// without a line, and none with its no.
func TestErrorsOfNegotiations(t *testing.T) {
	r := newTargetV2(t, "", peerAddr(0))
	other := routerV2(t, peerAddr(0), "crypto ikev2 proposal P\n no encryption\n encryption 3des\n", hubAddr)
	for i := range 60 {
		r.receive(peerAddr(0), strangeOf(t, other, r.env.PKI, peerAddr(0), byte(i)).says()[0])
	}
	x := r.Views(r.now).Errors
	if want := "SA_INIT: none of the peer's proposals will do"; len(x.Kept) != 50 || x.Deleted != 10 || kept(x)[0] != want {
		t.Errorf("%d kept, %d deleted: %q", len(x.Kept), x.Deleted, kept(x))
	}
	if err := r.Command(r.now, ike.ClearIKEv2Errors{}); err != nil {
		t.Fatal(err)
	}
	if x := r.Views(r.now).Errors; len(x.Kept) > 0 || x.Limit != 50 || x.Deleted != 0 {
		t.Errorf("%+v after they were cleared", x)
	}
	if err := r.Command(r.now, ike.Adopt{Config: routerV2(t, hubAddr, "no crypto ikev2 diagnose error\n", peerAddr(0))}); err != nil {
		t.Fatal(err)
	}
	if limit := r.Views(r.now).Errors.Limit; limit != 0 {
		t.Errorf("%d errors are to be kept", limit)
	}
}
