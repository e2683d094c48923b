// Package scenario runs routers in memory through scripts: testdata/*.txtar. A
// script is the comment of the archive, a command a line; the files of the
// archive are configurations. The commands:
//
//	config psk/              all routers have configs/psk/r1.cfg ... in place of the archive's
//	sockets                  daemons run it too, over sockets: what it says before start, try, and what it wants of profiles and trustpoints
//	enrol R1 IOSCA1 IOSCA2   enrol R1 at both CAs, in this order (before start); TP1 and TP2 are the same CAs. IOSCA2/v1 is a
//	                         certificate of X.509 version 1, IOSCA2/sha512-256 one signed with a hash that no router knows
//	revoke R2 IOSCA1         R2's certificate of that CA is on the CA's list
//	without crl R1 IOSCA1    R1 has no list of that CA
//	drop R1 LINE             take a line out of R1's configuration
//	add R1 LINE | LINE       add lines to the end of it
//	start [auto] [R1 ...]    switch routers on, in manual mode unless auto
//	seeds 20                 run the whole script that often, with other seeds
//	loss 30%  duplicate 20%  delay 20ms  jitter 50ms     the network
//	mtu 576                  larger packets are lost
//	nat 192.0.2.1 R1         R1 is behind a NAT with that outer address
//	nat idle 60s  rebind     the NAT forgets a mapping that is not used, or all now
//	nat to 192.0.2.9         the NAT has another outer address, and forgets all
//	try R1 Tunnel1 up|down   mark and initiate; it comes up, or is given up
//	initiate R1 Tunnel1      clear R1 isakmp|ikev2|sa|session  shutdown R1
//	rekey R1 ipsec|ike Tunnel1
//	kill R1  boot R1
//	handover R1              another process goes on with R1, 200 ms later
//	reload R1 FILE [revert 5m]   R1 goes over to a file of the archive, on trial with revert
//	configure R1 [revert 5m] LINE | LINE   or to what it has, with lines behind it
//	confirm R1  revert R1    what is on trial stays, or goes now
//	refuse R1 in|out|none    the kernel refuses SAs of that direction
//	mark                     what was sent and reported so far is forgotten
//	advance 90s              let time pass
//	flow R1 Tunnel1 R2 Tunnel1 90s   likewise, a packet a second passes one way
//	wait up|down [R1] 5s     until tunnels are, at most so long
//	wait agreed 20s          until both have the same SAs, each tunnel one pair that carries (and one IKE SA of version 2)
//	want ...                 see wants_test.go
//
// A command after "! " must be refused with the text behind " -- ".
package scenario
