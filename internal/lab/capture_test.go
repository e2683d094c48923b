package lab

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
)

// saved is the output of show crypto pki certificates with the note's CAs, whose
// names the configurations do not hold.
func saved(router string, newest, oldest string) *Saved {
	var b strings.Builder
	for _, tp := range []string{newest, oldest} {
		ca := strings.ReplaceAll(strings.TrimPrefix(tp, "IOS"), "TP", "CA")
		for _, heading := range []string{"Certificate", "CA Certificate"} {
			b.WriteString(heading + "\n  Status: Available\n  Issuer:\n    cn=" + ca + "\n    o=cisco\n    o=com\n")
			if heading == "CA Certificate" {
				b.WriteString("  Subject:\n    cn=" + ca + "\n    o=cisco\n    o=com\n")
			}
			b.WriteString("  Associated Trustpoints: " + tp + "\n\n")
		}
	}
	return &Saved{File: router + ".txt", Text: []byte(b.String())}
}

// noted is the note's pair with the note's CAs.
func noted(t testing.TB) (*Pair, *Result) {
	t.Helper()
	var sources [2]Source
	for i, name := range []string{"r1", "r2"} {
		file := "../../configs/note/ikev1-" + name + ".cfg"
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = Source{File: "ikev1-" + name + ".cfg", Text: text}
	}
	sources[0].Saved, sources[1].Saved = saved("R1", "IOSCA2", "IOSCA1"), saved("R2", "IOSCA1", "IOSCA2")
	p, err := Prepare(sources[0], sources[1], day)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p, r
}

// captured are the packets of a capture, by comment: octets behind IP and UDP.
func captured(t testing.TB, p *Pair, r *Result) (links []string, lengths map[string]int) {
	t.Helper()
	var file, again bytes.Buffer
	if _, err := WriteCapture(&file, p, r); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteCapture(&again, p, r); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Errorf("written twice it differs: %v", err)
	}
	reader, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lengths = map[string]int{}
	for {
		data, info, options, err := reader.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			return links, lengths
		}
		if err != nil {
			t.Fatal(err)
		}
		itf, err := reader.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(links, itf.Name) {
			links = append(links, itf.Name)
		}
		lengths[itf.Name+": "+options.Comments[0]] = len(data) - 28
	}
}

// The note's exchange has the lengths that routers and the daemon give it, and a ping
// goes through where the tunnel is up.
func TestCapture(t *testing.T) {
	p, r := noted(t)
	links, lengths := captured(t, p, r)
	if want := []string{"Tunnel1, R1 starts", "Tunnel1, R2 starts"}; !slices.Equal(links, want) {
		t.Errorf("links %q, want %q", links, want)
	}
	for comment, want := range map[string]int{
		"R1 starts: R1 sends MM1": 164, "R1 starts: R2 sends MM2": 104, "R1 starts: R1 sends MM3": 327, "R1 starts: R2 sends MM4": 727,
		"R1 starts: R1 sends QM1": 164, "R1 starts: R2 sends QM2": 164,
		"R2 starts: R2 sends MM1": 164, "R2 starts: R1 sends MM2": 104, "R2 starts: R1 sends MM4": 727,
		"R2 starts: R2 sends QM1": 0, "R2 starts: R2 sends an echo request through Tunnel1": 0,
	} {
		if got := lengths["Tunnel1, "+comment]; got != want {
			t.Errorf("%s: %d octets, want %d", comment, got, want)
		}
	}
	for _, comment := range []string{"R1 sends an echo request through Tunnel1", "R2 sends the reply through Tunnel1"} {
		if lengths["Tunnel1, R1 starts: "+comment] == 0 {
			t.Errorf("%s: not there", comment)
		}
	}
}

// INITIAL_CONTACT makes MM5 longer than MM6: by 28 octets, of which the padding to the
// blocks of 3DES makes 24, as in the note, or for certificates of other lengths 32.
func TestCaptureMM5(t *testing.T) {
	p, r := noted(t)
	if a, b := p.Routers[0].Snapshot.All()[0].Identity, p.Routers[1].Snapshot.All()[0].Identity; len(a.Raw()) != len(b.Raw()) {
		t.Fatalf("certificates of %d and %d octets", len(a.Raw()), len(b.Raw()))
	}
	_, lengths := captured(t, p, r)
	mm5, mm6 := lengths["Tunnel1, R1 starts: R1 sends MM5"], lengths["Tunnel1, R1 starts: R2 sends MM6"]
	if mm5-mm6 != 24 {
		t.Errorf("MM5 has %d octets, MM6 %d", mm5, mm6)
	}
}
