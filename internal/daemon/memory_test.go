package daemon

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

func TestMemoryKeepsSAs(t *testing.T) {
	m := newMemory()
	sa := ipsec.SA{SAID: ipsec.SAID{SPI: 0x1234, Protocol: ipsec.ESP}}
	if err := m.InstallSA(sa); err != nil {
		t.Fatal(err)
	}
	if err := m.InstallSA(sa); err == nil {
		t.Error("installed twice")
	}
	if c, err := m.QuerySA(sa.SAID); err != nil || c.Packets != 0 || time.Since(c.Added) > time.Minute {
		t.Errorf("%+v, %v", c, err)
	}
	if err := m.UpdateSA(sa); err != nil {
		t.Error(err)
	}
	if err := m.RemoveSA(sa.SAID); err != nil {
		t.Error(err)
	}
	if _, err := m.QuerySA(sa.SAID); err == nil {
		t.Error("there after RemoveSA")
	}
	if err := m.UpdateSA(sa); err == nil {
		t.Error("changed after RemoveSA")
	}
	m.InstallSA(sa)
	m.Sweep()
	if _, err := m.QuerySA(sa.SAID); err == nil {
		t.Error("there after Sweep")
	}
	m.Close()
	if _, open := <-m.Events(); open {
		t.Error("an event of nothing")
	}
}
