package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// TestNoteLengths holds the ISAKMP lengths that the note's captures fix.
func TestNoteLengths(t *testing.T) {
	predefined := []int{51, 51, 102, 53, 64, 60, 50}
	for _, tt := range []struct {
		name string
		b    []byte
		want int
	}{
		{"MM1", mm1(), 164}, {"MM2", mm2(), 104}, {"MM3 of R1", mm3(false, 51), 327},
		{"MM3 of R2", mm3(false, predefined...), 707}, {"MM4", mm3(true, predefined...), 727},
	} {
		if len(tt.b) != tt.want {
			t.Errorf("%s has %d octets, want %d", tt.name, len(tt.b), tt.want)
		}
		if got := binary.BigEndian.Uint32(tt.b[24:]); int(got) != tt.want {
			t.Errorf("%s says length %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMessageRoundTrip(t *testing.T) {
	for name, b := range samples() {
		m := mustParse(t, b)
		if got := rebuild(m); !bytes.Equal(got, b) {
			t.Errorf("%s: rebuilt\n%x, was\n%x", name, got, b)
		}
		offset := HeaderLen
		for _, p := range m.Payloads {
			if p.Offset != offset || !bytes.Equal(p.Raw, b[offset:offset+len(p.Raw)]) || !bytes.Equal(p.Raw[4:], p.Body) {
				t.Errorf("%s: %s payload at %d, want %d; raw %x body %x", name, p.Type, p.Offset, offset, p.Raw, p.Body)
			}
			offset += len(p.Raw)
		}
	}
}

// rebuild makes a message of what Parse gave, payload by payload.
func rebuild(m *Message) []byte {
	b := NewBuilder(nil, m.Header)
	for _, p := range m.Payloads {
		b.Add(p.Type, p)
	}
	out := append(b.Bytes(), m.Rest...)
	binary.BigEndian.PutUint32(out[24:], uint32(len(out)))
	if m.Payloads == nil {
		out[16] = byte(m.NextPayload)
	}
	return out
}

// TestMessageCut cuts every sample at every length, once as a datagram that was
// truncated and once with a header that admits the cut.
func TestMessageCut(t *testing.T) {
	for name, b := range samples() {
		whole := mustParse(t, b)
		for n := range b {
			cut := bytes.Clone(b[:n])
			_, err := Parse(cut)
			wantParseError(t, name, n, err)
			if n < HeaderLen {
				continue
			}
			binary.BigEndian.PutUint32(cut[24:], uint32(n))
			m, err := Parse(cut)
			switch {
			case whole.Payloads == nil: // encrypted: the header is all that is parsed
				if err != nil || len(m.Rest) != n-HeaderLen {
					t.Errorf("%s cut at %d: %v", name, n, err)
				}
			default:
				wantParseError(t, name, n, err)
			}
		}
	}
}

func wantParseError(t *testing.T, name string, n int, err error) {
	t.Helper()
	var bad *ParseError
	if !errors.As(err, &bad) {
		t.Fatalf("%s cut at %d: error %v, want a ParseError", name, n, err)
	}
	if bad.Offset > n || bad.Notify == 0 || bad.Reason == "" {
		t.Fatalf("%s cut at %d: %+v", name, n, bad)
	}
}

func TestEncryptedIsNotLookedInto(t *testing.T) {
	m := mustParse(t, encrypted())
	if m.Payloads != nil || len(m.Rest) != 64 || m.NextPayload != PayloadID || !m.Encrypted() {
		t.Errorf("%+v", m)
	}
}

// TestParseChain is what a session does with a decrypted body: padding stays in
// rest and offsets count from the datagram's begin.
func TestParseChain(t *testing.T) {
	b := NewBuilder(nil, mainMode())
	b.Add(PayloadHash, octets(16))
	b.Add(PayloadNonce, octets(20))
	body := append(bytes.Clone(b.Payloads()), 1, 2, 3, 4)
	payloads, rest, err := ParseChain(b.First(), body, HeaderLen)
	if err != nil || len(payloads) != 2 || !bytes.Equal(rest, []byte{1, 2, 3, 4}) {
		t.Fatalf("payloads %v rest %x: %v", payloads, rest, err)
	}
	if payloads[1].Offset != HeaderLen+20 {
		t.Errorf("offset %d", payloads[1].Offset)
	}
	for n := range len(body) - 4 {
		_, _, err := ParseChain(b.First(), body[:n], HeaderLen)
		wantParseError(t, "chain", n+HeaderLen, err)
	}
	if payloads, rest, err := ParseChain(PayloadNone, body, HeaderLen); err != nil || payloads != nil || len(rest) != len(body) {
		t.Errorf("no first payload: %v %x %v", payloads, rest, err)
	}
}

func TestMessageErrors(t *testing.T) {
	patch := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	for _, tt := range []struct {
		name    string
		b       []byte
		payload PayloadType
		offset  int
		notify  NotifyType
	}{
		{"length above", patch(mm1(), 24, 0, 0, 0, 165), PayloadNone, 24, NotifyUnequalPayloadLengths},
		{"length below", patch(mm1(), 24, 0, 0, 0, 163), PayloadNone, 24, NotifyUnequalPayloadLengths},
		{"length huge", patch(mm1(), 24, 255, 255, 255, 255), PayloadNone, 24, NotifyUnequalPayloadLengths},
		{"major version", patch(mm1(), 17, 0x30), PayloadNone, 17, NotifyInvalidMajorVersion},
		{"minor version", patch(mm1(), 17, 0x11), PayloadNone, 17, NotifyInvalidMinorVersion},
		{"version of an encrypted one", patch(encrypted(), 17, 0x11), PayloadNone, 17, NotifyInvalidMinorVersion},
		{"reserved", patch(mm1(), HeaderLen+1, 1), PayloadSA, HeaderLen + 1, NotifyPayloadMalformed},
		{"critical in IKEv1", patch(mm1(), HeaderLen+1, 0x80), PayloadSA, HeaderLen + 1, NotifyPayloadMalformed},
		{"payload length 3", patch(mm1(), HeaderLen+2, 0, 3), PayloadSA, HeaderLen + 2, NotifyPayloadMalformed},
		{"payload length over the end", patch(mm1(), HeaderLen+2, 1, 0), PayloadSA, HeaderLen + 2, NotifyUnequalPayloadLengths},
	} {
		_, err := Parse(tt.b)
		var bad *ParseError
		if !errors.As(err, &bad) || bad.Payload != tt.payload || bad.Offset != tt.offset || bad.Notify != tt.notify {
			t.Errorf("%s: %v (%+v)", tt.name, err, bad)
		}
	}
}

func TestPayloadLimit(t *testing.T) {
	parts := make([]part, MaxPayloads)
	for i := range parts {
		parts[i] = part{PayloadVendorID, octets(1)}
	}
	if m := mustParse(t, build(mainMode(), parts...)); len(m.Payloads) != MaxPayloads {
		t.Errorf("%d payloads", len(m.Payloads))
	}
	_, err := Parse(build(mainMode(), append(parts, part{PayloadVendorID, octets(1)})...))
	var bad *ParseError
	if !errors.As(err, &bad) || bad.Notify != NotifyPayloadMalformed {
		t.Errorf("%d payloads: %v", MaxPayloads+1, err)
	}
}

func TestUnknownPayloadsAndOrder(t *testing.T) {
	m := mustParse(t, informational())
	var got []PayloadType
	for _, p := range m.Payloads {
		got = append(got, p.Type)
	}
	want := []PayloadType{PayloadHash, PayloadNotify, PayloadDelete, 99}
	if len(got) != len(want) {
		t.Fatalf("payloads %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("payloads %v, want %v", got, want)
		}
	}
	if p, ok := m.First(99); !ok || !bytes.Equal(p.Body, octets(7)) {
		t.Errorf("unknown payload %x, %v", p.Body, ok)
	}
	if _, ok := m.First(PayloadSA); ok {
		t.Error("found an SA payload where none is")
	}
	n := 0
	for p := range mustParse(t, mm1()).All(PayloadVendorID) {
		if n++; n == 2 && !bytes.Equal(p.Body, VendorDraft07) {
			t.Errorf("second vendor ID %x", p.Body)
		}
	}
	if n != 4 {
		t.Errorf("%d vendor IDs", n)
	}
}

func TestIKEv2Chain(t *testing.T) {
	m := mustParse(t, saInitV2())
	if len(m.Payloads) != 3 || m.Payloads[0].Critical || !m.Payloads[1].Critical || m.Payloads[2].Critical {
		t.Errorf("%+v", m.Payloads)
	}
	// What SK holds is encrypted: the chain ends with it.
	b := build(Header{InitiatorSPI: cookieI, ResponderSPI: cookieR, Version: V2, Exchange: 35}, part{PayloadSK, octets(32)})
	b[HeaderLen] = 35
	if m := mustParse(t, b); len(m.Payloads) != 1 || m.Payloads[0].Raw[0] != 35 {
		t.Errorf("%+v", m.Payloads)
	}
}

func TestBuilderAppends(t *testing.T) {
	b := NewBuilder([]byte("marker"), mainMode())
	if b.First() != PayloadNone || len(b.Payloads()) != 0 {
		t.Error("not empty at first")
	}
	b.Add(PayloadNonce, octets(8))
	out := b.Bytes()
	if !bytes.HasPrefix(out, []byte("marker")) {
		t.Fatalf("%x", out)
	}
	if m := mustParse(t, out[6:]); len(m.Payloads) != 1 || b.First() != PayloadNonce {
		t.Errorf("%+v", m)
	}
}
