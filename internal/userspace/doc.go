// Package userspace is a data plane in this process, for hosts whose kernel has TUN
// but no ESP: the tunnels of a configuration are TUN devices, packets are sealed and
// opened by package esp, and travel over the sockets of package netio.
//
//	TUN device ─▶ its worker: [GRE] ─▶ newest SA of the policy ─▶ seal ─▶ train ─▶ socket
//	socket ─▶ its worker: SA by SPI ─▶ open ─▶ [GRE] ─▶ policy, tunnel ─▶ TUN device
//
// A worker does all of a packet's way itself, and is woken once for what the system
// has meanwhile: segments of TCP that came as one, packets of ESP that go as one. A
// tunnel has one worker, so what it sends keeps its order and its sequence numbers
// rise on the wire, as peers with small anti-replay windows need; tunnels run on as
// many processors as there are.
//
// What has no SA, no policy or no tunnel is dropped; nothing leaves in clear. SAs of
// AH, and tunnels without protection, are refused. What comes before its SA waits for it,
// within bounds.
//
// The outer header takes type of service and ECN from the packet in it, and DF unless
// crypto ipsec df-bit has it otherwise; GRE has none without tunnel
// path-mtu-discovery. What has DF and is too long for the path is answered so; the rest
// is fragmented outside. It has as many hops as the host gives, and ESP around ESP, of a
// tunnel within a tunnel, one less than that: where routes lead round, it ends.
package userspace
