package lab

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/lint"
)

var update = flag.Bool("update", false, "write the golden file")

// TestGolden holds the JSON of the note's pair, which scripts rely on.
func TestGolden(t *testing.T) {
	const file = "testdata/note.json"
	r := ran(t, changed(t, "note/ikev1-"))
	r.Findings = keep(r.Findings)
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the JSON has changed (go test -update writes it):\n%s", got.Bytes())
	}
}

// keep is the findings of the laboratory itself.
func keep(all []lint.Finding) (own []lint.Finding) {
	for _, f := range all {
		if f.Code == EnrolmentOrder || f.Code == StandIn {
			own = append(own, f)
		}
	}
	return own
}

// TestDocumented holds docs/lab-json.md to the fields and codes that there are.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/lab-json.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	for _, v := range []any{Result{}, Direction{}, Side{}, WhatIf{}, Outcome{}, lint.Finding{}, lint.Place{}} {
		for f := range reflect.TypeOf(v).Fields() {
			tag := f.Tag.Get("json")
			if tag != "-" && !strings.Contains(doc, "`"+tag+"`") && !strings.Contains(doc, "`"+tag+"[]`") {
				t.Errorf("%T: field %s is not documented", v, tag)
			}
		}
	}
	for _, code := range []lint.Code{
		lint.CertNotInProfile, lint.NoTrustpoint, lint.CertExpired, lint.CertNotYetValid, lint.CertRefused, lint.CertRevoked, lint.NoRevocation, lint.NoProfile,
		lint.ProfileMismatch, lint.NoProposal, lint.NoTransform, lint.NoKey, lint.KeyMismatch, lint.AuthFailed, lint.IdentityMismatch, lint.SelectorMismatch,
		lint.NoSuchPeer, lint.NotConfigured, lint.NotInitiating, lint.Refused, lint.NoAnswer, EnrolmentOrder, StandIn,
	} {
		if !strings.Contains(doc, string(code)) {
			t.Errorf("code %s is not documented", code)
		}
	}
}
