package ioslog

// A Debug is what an operator switches on with one command.
type Debug struct {
	Words      string // behind debug crypto
	Subsystem  string // under which show debugging has it
	Answer     string // IOS's, "" where it is not known
	Facilities []Facility
}

// Debugs are the commands that there are.
var Debugs = []Debug{
	{"isakmp", "Cryptographic Subsystem", "Crypto ISAKMP debugging is on", []Facility{ISAKMP}},
	{"ipsec", "Cryptographic Subsystem", "Crypto IPSEC debugging is on", []Facility{IPSEC}},
	{"pki", "PKI", "", []Facility{PKI, PKITransactions}},
	{"pki transactions", "PKI", "Crypto PKI Trans debugging is on", []Facility{PKITransactions}},
	{"pki validation", "PKI", "", []Facility{PKI}},
	{"ikev2", "IKEV2", "IKEv2 default debugging is on", []Facility{IKEv2, IKEv2Error}},
	{"ikev2 error", "IKEV2", "IKEv2 error debugging is on", []Facility{IKEv2Error}},
	{"ikev2 internal", "IKEV2", "IKEv2 internal debugging is on", []Facility{IKEv2Internal}},
	{"ikev2 packet", "IKEV2", "IKEv2 packet debugging is on", []Facility{IKEv2Packet}},
}
