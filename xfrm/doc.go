// Package xfrm is the Linux kernel as a data plane: SAs, policies, tunnel and
// loopback interfaces, static routes, and what the kernel reports (EXPIRE,
// ACQUIRE). It is the only importer of netlink.
//
// What is ours in the kernel is recognisable without a state file:
//
//	SA, policy   request id 0x6f62nnnn ("ob" and the tunnel's number)
//	link         alias "obol:NAME"
//	route        protocol 111 (ASCII "o")
//
// A tunnel mode ipsec ipv4 becomes a VTI. The kernel looks up its policies and
// SAs with the interface's key as packet mark, so all of them carry that mark.
// A VTI finds its packets by the outer addresses alone; two of them between the
// same ends cannot be told apart by the kernel, and the second is refused.
// A tunnel mode gre ip becomes a GRE interface, and its SAs belong to
// host-to-host policies for protocol 47. While such a policy stands, GRE that
// is not protected is dropped in both directions, with and without SAs.
//
// Sysctls: no device needs one. disable_policy, which much advice about VTI
// sets, is not needed because the input policy is checked with the
// interface's mark before a packet enters it; it stays 0. rp_filter may be 0, 1
// or 2 as the host has it.
//
// The library's own handling of SAs is not used: it cuts replay windows, prints
// keys, and decodes only some of the events.
package xfrm
