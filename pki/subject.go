package pki

// Host is what a subject name takes from the router.
type Host struct {
	Hostname string
	Domain   string
	Serial   string
}

// SubjectName makes the subject that IOS would enroll with.
func SubjectName(s Settings, h Host) (Name, error) { return Name{}, nil }

// MachineSerial derives a router serial number from the machine-id.
func MachineSerial(machineID string) string { return "" }
