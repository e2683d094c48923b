package ioslog

// A Debug is what an operator switches on with one command.
type Debug struct {
	Words      string // behind debug crypto
	Answer     string // IOS's, "" where it is not known
	Facilities []Facility
}

// Debugs are the commands that there are.
var Debugs = []Debug{
	{"isakmp", "Crypto ISAKMP debugging is on", []Facility{ISAKMP}},
	{"ipsec", "Crypto IPSEC debugging is on", []Facility{IPSEC}},
	{"pki", "", []Facility{PKI, PKITransactions}},
	{"pki transactions", "Crypto PKI Trans debugging is on", []Facility{PKITransactions}},
	{"pki validation", "", []Facility{PKI}},
	{"ikev2", "IKEv2 default debugging is on", []Facility{IKEv2, IKEv2Error}},
	{"ikev2 error", "IKEv2 error debugging is on", []Facility{IKEv2Error}},
	{"ikev2 internal", "IKEv2 internal debugging is on", []Facility{IKEv2Internal}},
	{"ikev2 packet", "IKEv2 packet debugging is on", []Facility{IKEv2Packet}},
}
