// Package ikev2 is IKEv2 (RFC 7296) as Cisco IOS speaks it, without input or output
// of its own: a Session takes the time, datagrams and the data plane's answers, and
// gives datagrams, orders to the data plane and events.
//
// The handshake, here with certificates, in the order of payloads of Cisco's note:
//
//	initiator                                          responder
//	SA KE N VID VID N(NAT)...            ----------->  Respond: policy, keys
//	sentInit: keys, trustpoint  <-----------           SA KE N VID VID N(NAT)... CERTREQ  answeredInit
//	{VID IDi CERT CERTREQ AUTH CFG SA TSi TSr ...}  -> profile, chain and AUTH judged; tunnel
//	                                                   answeringAuth: both SAs installed
//	sentAuth: judged likewise   <-----------           {VID IDr CERT AUTH SA TSi TSr ...}
//	both SAs installed
//
// With a pre-shared key no CERTREQ and no CERT goes. Where a proposal says so an
// IKE_INTERMEDIATE for each additional key exchange stands between; see
// additional.go. A rekeying has an IKE_FOLLOWUP_KE for each behind its CREATE_CHILD_SA,
// and the new SA is made when the last one is over; see followup.go.
//
// Each state of the handshake is a type that holds what exists then (sentInit,
// answeredInit ...). Once the peer is authenticated there are exchanges only: a
// request of ours waits in its IKE SA as a flight, a response of ours is kept there
// for who asks again, and both sides' windows bound them; see exchange.go and
// answer.go. A retransmission is a stored datagram.
//
// CREATE_CHILD_SA (create_child.go) makes child SAs and rekeys them and the IKE SA
// (rekey.go). Where both ends rekey the same SA the lowest of four nonces decides
// (collision.go); where one exchange stands in another's way it is put off by
// TEMPORARY_FAILURE. A pair that replaces another sends when the peer is known to
// receive, and the old one receives a little longer (handover.go): no packet is lost.
//
// What a stranger may send: until there are keys a message is dropped or moves
// IKE_SA_INIT on; an error in the clear is told and not believed. Until the peer is
// authenticated nothing but IKE_AUTH is taken, and a refusal is its notification
// alone.
//
// A session ends for its owner at once (Alive), and goes on for the peer until it
// has answered our deletion, or cannot ask for our last response any more (Done).
package ikev2
