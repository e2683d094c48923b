package control

import (
	"os"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// machineSerial is the serial number of a router whose configuration gives
// none; "" where the host has no machine-id.
func machineSerial() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	return pki.MachineSerial(strings.TrimSpace(string(id)))
}
