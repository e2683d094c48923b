// Package xfrm is the Linux kernel as a data plane: SAs, policies, tunnel and
// loopback interfaces, static routes, and what the kernel reports (EXPIRE,
// ACQUIRE). Links, addresses and routes are those of package rtnetlink; these two are
// the only importers of netlink.
//
// What is ours in the kernel is recognisable without a state file:
//
//	SA, policy   request id 0x6f62nnnn ("ob" and the tunnel's number)
//
// A tunnel mode ipsec ipv4 becomes a VTI. The kernel looks up its policies and
// SAs with the interface's key as packet mark, so all of them carry that mark.
// It tells VTIs apart by their ends alone, not by their keys: a second one
// between the same ends is refused, by the kernel and therefore here. The modes
// ipsec ipv6 and gre ipv6 become a vti6 and an ip6gre interface likewise. A
// tunnel mode gre ip becomes a GRE interface, and its SAs belong to host-to-host
// policies for protocol 47. While such a policy stands, GRE that is not
// protected is dropped in both directions, with and without SAs. Making the
// interface asks for an SA by itself (an Acquire) when its policies stand
// already: the kernel looks up a route for it.
//
// A GRE interface has to be up before its inbound SA stands and until that is
// gone: for a decrypted GRE packet without an interface the kernel sends the
// peer an ICMP error in clear, which quotes the packet.
//
// No device needs a sysctl (measured on Linux 6.1, forwarding included).
// disable_policy and disable_xfrm, which much advice about VTI sets, stay 0: a
// VTI's input policy is checked with its mark before the packet enters it.
// rp_filter may be strict. Interfaces get no IPv6 address by themselves.
//
// A capture on the host that decrypts shows a tunnel-mode packet twice on the
// outer link, as ESP and in clear; only what a host sends tells what was on
// the wire.
//
// The library's own handling of SAs is not used: it cuts replay windows, prints
// keys, and decodes only some of the events.
package xfrm
