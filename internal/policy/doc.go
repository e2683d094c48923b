// Package policy is the configuration: the command tables of IOS, compiled to
// an immutable Config, and every decision taken from it. A decision is a pure
// function that answers with its reason and the also-rans.
//
// Compile takes configuration text, a running-config pasted whole or a few
// blocks of one, and gives a Config or all that is wrong, each with file, line
// and column. A line inside a crypto block that is not understood, and a name
// that refers to nothing, are errors. Commands that obol has no use for
// (outside crypto, interfaces and static routes) are listed in Config.Ignored;
// those that it understands and does not obey yet, in Config.Warnings. A tunnel
// that cannot be made as it is written stays down.
//
// Later lines override earlier ones, and no forms undo them, as on a router.
//
// # What Linux needs and IOS does not know
//
// These stand in comments, so that a router takes the same text:
//
//	!obol linux-device eth0         in an interface block: its name in Linux. Without it the
//	                                device is found by the interface's ip address
//	!obol xfrm-interface            in a tunnel of mode ipsec: the kernel makes an XFRM interface
//	                                of it, whose SAs and policies have its if_id, in place of a
//	                                VTI, whose packets have its mark
//	!obol serial-number 100         the router's serial number, as serial-number puts it into
//	                                the certificate's subject
//	!obol enrolled TP1 TP2          the order in which the router enrolled its trustpoints,
//	                                oldest first, for obol lab and obol check; the daemon has
//	                                it from its store
//	!obol ca-name TP1 CN=CA1,O=com  the name of a trustpoint's CA, for obol lab, where neither
//	                                a chain block nor saved output says it
//	!obol refuse-signatures md5 sha1  certificates and CRLs signed so are not accepted
//	!obol refuse-rsa-below 2048     nor are RSA keys of fewer bits
//	!obol half-open-per-address 64  half-open SAs of one peer address beyond which MM1 is dropped
//	!obol half-open-timeout 60      seconds after which a half-open SA is given up
//
// Beyond IOS 15 are, for IKEv2 alone: encryption chacha20-poly1305, group 31 and
// additional-key-exchange ml-kem-768 in a proposal, esp-chacha20-poly1305 in a
// transform set, set pfs group31; and ecdsa-sig is Ed25519 too, where the
// certificate's key is one.
//
// The limit of half-open SAs in all is IOS's own crypto call admission limit
// ike in-negotiation-sa, 1000 unless configured.
package policy
