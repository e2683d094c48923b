package daemon

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A line has its fields in the journal, those of IOS's their facility, severity and
// mnemonic.
func TestJournal(t *testing.T) {
	type entry struct {
		Message  string
		Priority journal.Priority
		Fields   map[string]string
	}
	var got []entry
	log := zap.New(inJournal{LevelEnabler: zapcore.DebugLevel, send: func(message string, priority journal.Priority, fields map[string]string) error {
		got = append(got, entry{message, priority, fields})
		return nil
	}})
	log.With(zap.String("tunnel", "Tunnel1")).Info("IPsec SAs up", spi("spi-in", 0xC0FFEE))
	log.Info("certificate validated", zap.Strings("notes", []string{"an old hash", "a short key"}), zap.Bool("initiator", true))
	log.Error("enrolment", zap.Error(errors.New("no answer")))
	log.Warn("negotiation failed")
	log.Debug("ISAKMP:(1001): a line")
	log.Info("%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad")
	want := []entry{
		{"IPsec SAs up", journal.PriInfo, map[string]string{"OBOL_TUNNEL": "Tunnel1", "OBOL_SPI_IN": "0x00c0ffee"}},
		{"certificate validated", journal.PriInfo, map[string]string{"OBOL_NOTES": "an old hash\na short key", "OBOL_INITIATOR": "true"}},
		{"enrolment", journal.PriErr, map[string]string{"OBOL_ERROR": "no answer"}},
		{"negotiation failed", journal.PriWarning, map[string]string{}},
		{"ISAKMP:(1001): a line", journal.PriDebug, map[string]string{}},
		{"%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad", journal.PriNotice, map[string]string{"OBOL_FACILITY": "CRYPTO", "OBOL_MNEMONIC": "IKMP_INVALID_CERT"}},
	}
	for i := range want {
		want[i].Fields["SYSLOG_IDENTIFIER"] = "obold"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// docs/journal.md has every field that a line of the log may have, and no other.
func TestJournalIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/journal.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(OBOL_[A-Z_]+)`").FindAllSubmatch(doc, -1) {
		documented[string(row[1])] = true
	}
	used := map[string]bool{"OBOL_FACILITY": true, "OBOL_MNEMONIC": true, "OBOL_ERROR": true}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`\b(?:zap\.\w+|spi)\("([a-z-]+)"`)
	for _, path := range sources {
		if slices.Contains([]string{"log_test.go", "journal_test.go"}, path) {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range field.FindAllSubmatch(text, -1) {
			used[journalField(string(name[1]))] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("used and documented: %s", diff)
	}
}
