package control

import (
	"cmp"
	"os"
	"strings"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// Host is what the subjects of a router's certificates take from it.
func Host(cfg *policy.Config) pki.Host {
	return pki.Host{Hostname: cfg.Hostname, Domain: cfg.Domain, Serial: cmp.Or(cfg.Serial, machineSerial())}
}

// machineSerial is the serial number of a router whose configuration gives
// none; "" where the host has no machine-id.
func machineSerial() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	return pki.MachineSerial(strings.TrimSpace(string(id)))
}
