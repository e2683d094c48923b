//go:build netns

package netns

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/policy"
	algo "github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/wire"
)

// The payloads of the four messages, as the note lists them.
var noteMessages = []string{
	"SA KE N VID VID NOTIFY(NAT_DETECTION_SOURCE_IP) NOTIFY(NAT_DETECTION_DESTINATION_IP)",
	"SA KE N VID VID NOTIFY(NAT_DETECTION_SOURCE_IP) NOTIFY(NAT_DETECTION_DESTINATION_IP) CERTREQ NOTIFY(HTTP_CERT_LOOKUP_SUPPORTED)",
	"VID IDi CERT CERTREQ NOTIFY(HTTP_CERT_LOOKUP_SUPPORTED) AUTH CFG SA TSi TSr NOTIFY(INITIAL_CONTACT) NOTIFY(SET_WINDOW_SIZE) NOTIFY(ESP_TFC_NO_SUPPORT) NOTIFY(NON_FIRST_FRAGS)",
	"VID IDr CERT AUTH SA TSi TSr NOTIFY(SET_WINDOW_SIZE) NOTIFY(ESP_TFC_NO_SUPPORT) NOTIFY(NON_FIRST_FRAGS)",
}

// tshark reads the four messages of the note's flow from a capture, with the keys.
// R2 is the daemon. R1 is the daemon's engine and sockets in this process, as its
// randomness has to be known: it leads to the keys, which nothing tells.
func TestNoteMessages(t *testing.T) {
	p := pairOf(t, "note/ikev2-certificates-", routers.OneOrder)
	startOne(t, p.R2)
	capture, err := p.R1.Capture(nil)
	must(t, err)
	random := inProcess(t, p.R1)
	packets := capture.Close()
	var messages []routers.Packet
	for _, packet := range packets {
		if packet.ISAKMP() {
			messages = append(messages, packet)
		}
	}
	if len(messages) != len(noteMessages) {
		t.Fatalf("%d messages, want %d", len(messages), len(noteMessages))
	}
	got := read(t, messages, decryption(t, messages, random))
	for i, want := range noteMessages {
		if got[i] != want {
			t.Errorf("message %d:\n%s\nwant\n%s", i+1, got[i], want)
		}
	}
}

// inProcess is a router's engine at sockets in its namespace. It begins Tunnel1 and
// ends when that is up: what it drew from its source of randomness is the result.
func inProcess(t *testing.T, r *routers.Router) []byte {
	t.Helper()
	text, err := os.ReadFile(r.Config)
	must(t, err)
	cfg, errs := policy.Compile(policy.Source{Name: r.Config, Text: text})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	s, err := store.Open(r.Store)
	must(t, err)
	snapshot, err := s.Load(cfg.Trustpoints)
	must(t, err)
	sockets := listenIn(t, r.NS)
	received := make(chan []ike.Datagram, 16)
	go sockets.Receive(func(d []ike.Datagram) { received <- d })
	t.Cleanup(func() { sockets.Close() })

	var drawn bytes.Buffer
	env := ike.Env{Config: cfg, PKI: snapshot, Rand: io.TeeReader(rand.NewChaCha8([32]byte{2}), &drawn)}
	e := engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}})
	must(t, e.Command(time.Now(), ike.Initiate{Tunnel: "Tunnel1"}))
	for end := time.After(time.Minute); ; {
		for o, ok := e.Poll(); ok; o, ok = e.Poll() {
			switch o := o.(type) {
			case ike.Send:
				must(t, sockets.Send([]ike.Datagram{o.Datagram}))
			case ike.InstallSA:
				e.HandleKernel(time.Now(), ipsec.Installed{SAID: o.SA.SAID})
			}
		}
		if len(e.Views(time.Now()).Tunnels[0].Children) > 0 {
			return drawn.Bytes()
		}
		select {
		case batch := <-received:
			for _, d := range batch {
				e.HandleDatagram(time.Now(), d)
			}
		case <-end:
			t.Fatalf("not up: %+v", e.Views(time.Now()))
		}
	}
}

// listenIn opens IKE's sockets in a namespace.
func listenIn(t *testing.T, name string) *netio.Sockets {
	t.Helper()
	type result struct {
		*netio.Sockets
		error
	}
	opened := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ns, err := netns.GetFromName(name)
		if err == nil {
			err = netns.Set(ns)
			ns.Close()
		}
		if err != nil {
			opened <- result{error: err}
			return
		}
		s, err := netio.Listen(netio.Options{IKE: netio.PortIKE, NATT: netio.PortNATT})
		opened <- result{s, err}
	}()
	r := <-opened
	must(t, r.error)
	return r.Sockets
}

// decryption is a line of tshark's ikev2_decryption_table: the initiator's
// randomness gives its SPI, its nonce and its private key, in this order, and the
// messages show that it does.
func decryption(t *testing.T, messages []routers.Packet, random []byte) string {
	t.Helper()
	var public [2]wire.KEV2
	var nonce [2][]byte
	for i := range 2 {
		m, err := wire.Parse(messages[i].Payload)
		must(t, err)
		ke, _ := m.First(wire.PayloadKEV2)
		public[i], err = wire.ParseBody(ke, wire.ParseKEV2)
		must(t, err)
		n, _ := m.First(wire.PayloadNonceV2)
		nonce[i] = n.Body
	}
	h, err := wire.ParseHeader(messages[1].Payload)
	must(t, err)
	group, _ := algo.GroupByNumber(public[0].Group)
	source := bytes.NewReader(random)
	drawn := make([]byte, len(h.InitiatorSPI)+len(nonce[0]))
	_, err = io.ReadFull(source, drawn)
	must(t, err)
	key, err := group.Generate(source)
	must(t, err)
	if !bytes.Equal(drawn, append(h.InitiatorSPI[:], nonce[0]...)) || !bytes.Equal(key.Public(), public[0].Data) {
		t.Fatal("the randomness does not lead to the SPI, the nonce and the public value")
	}
	shared, err := key.Shared(public[1].Data)
	must(t, err)
	seed := ikev2.SKEYSEED(algo.MD5, nonce[0], nonce[1], shared)
	k := ikev2.DeriveKeys(algo.MD5, seed, nonce[0], nonce[1], h.InitiatorSPI, h.ResponderSPI, ikev2.Lengths{Integ: 16, Encr: 24})
	return fmt.Sprintf("%x,%x,%s,%s,\"3DES [RFC2451]\",%s,%s,\"HMAC_MD5_96 [RFC2403]\"",
		h.InitiatorSPI[:], h.ResponderSPI[:], hexOf(k.Ei), hexOf(k.Er), hexOf(k.Ai), hexOf(k.Ar))
}

func hexOf(k algo.Key) string { return hex.EncodeToString(k) }

// read has tshark list the payloads of each message.
func read(t *testing.T, messages []routers.Packet, table string) (lists []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "note.pcap")
	must(t, os.WriteFile(path, pcap(messages), 0o600))
	for i := range messages {
		out, err := exec.Command("tshark", "-r", path, "-o", "uat:ikev2_decryption_table:"+table, "-Y", fmt.Sprintf("frame.number==%d", i+1), "-V").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		list := payloads(string(out))
		if list == "" {
			t.Log(string(out))
		}
		lists = append(lists, list)
	}
	return lists
}

// pcap is a capture file of IP packets.
func pcap(packets []routers.Packet) []byte {
	const raw = 101 // LINKTYPE_RAW
	var b []byte
	for _, v := range []uint32{0xa1b2c3d4, 2 | 4<<16, 0, 0, 1 << 16, raw} {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	for _, p := range packets {
		for _, v := range []uint32{uint32(p.Time.Unix()), uint32(p.Time.Nanosecond() / 1000), uint32(len(p.Data)), uint32(len(p.Data))} {
			b = binary.NativeEndian.AppendUint32(b, v)
		}
		b = append(b, p.Data...)
	}
	return b
}

var payloadLine = regexp.MustCompile(`(?m)^ +Payload: ([^(]+) \((\d+)\)(?: - (\S+))?`)

// words are IOS's for tshark's.
var words = map[string]string{
	"33": "SA", "34": "KE", "35": "IDi", "36": "IDr", "37": "CERT", "38": "CERTREQ", "39": "AUTH", "40": "N", "43": "VID", "44": "TSi", "45": "TSr", "47": "CFG",
	"ESP_TFC_PADDING_NOT_SUPPORTED": "ESP_TFC_NO_SUPPORT", "NON_FIRST_FRAGMENTS_ALSO": "NON_FIRST_FRAGS",
}

// payloads are those of tshark's text, in the note's words. The encrypted payload
// is what stands in it; the proposal of SA and its transforms are part of that.
func payloads(text string) string {
	var list []string
	for _, m := range payloadLine.FindAllStringSubmatch(text, -1) {
		switch number, notify := m[2], m[3]; {
		case number == "46", number == "2", number == "3":
		case number == "41":
			if w := words[notify]; w != "" {
				notify = w
			}
			list = append(list, "NOTIFY("+notify+")")
		default:
			list = append(list, words[number])
		}
	}
	return strings.Join(list, " ")
}
