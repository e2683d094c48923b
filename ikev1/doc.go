// Package ikev1 is IKEv1 (RFC 2407, 2408, 2409) as Cisco IOS speaks it, without
// input or output of its own: a Session takes the time, datagrams and the data
// plane's answers, and gives datagrams, orders to the data plane and events.
//
// Main mode, here with RSA signatures, then quick mode:
//
//	initiator                                          responder
//	MM1  SA, VIDs                        ----------->  sentMM2
//	sentMM1  <-----------                SA, VID       MM2
//	MM3  KE, NONCE, CERTREQs, VIDs, NAT-D  --------->  keys; certificate for MM6 chosen
//	keys; certificate for MM5 chosen  <-----------     KE, NONCE, CERTREQs, VIDs, NAT-D  MM4
//	MM5  {ID, CERTs, SIG, INITIAL_CONTACT}  -------->  profile, chain and signature judged
//	complete  <-----------               {ID, CERTs, SIG}                        MM6
//	QM1  {HASH(1), SA, NONCE, [KE], IDci, IDcr}  --->  inbound SA installed, at first the outbound SA too
//	inbound SA installed, at first both  <---------  {HASH(2), SA, NONCE, [KE], IDci, IDcr}  QM2
//	QM3  {HASH(3)}                       ----------->  at a rekey, outbound SA installed
//	at a rekey, a second later: outbound SA installed, the old pair deleted
//
// With a pre-shared key no CERTREQ and no CERT goes, and HASH takes the place of
// SIG; the key is that of the peer's address.
//
// Aggressive mode takes the place of main mode where the initiator's profile or
// crypto isakmp peer says so; see aggressive.go. Where both ends announce it, a
// message above 548 octets goes in fragments; see fragment.go and reassembly.go.
// Where NAT-D finds a NAT the initiator goes on at port 4500, from MM5 or AG3 on,
// and ESP goes there in UDP; see nat.go.
//
// Each state of an exchange is a type that holds what exists then (sentMM1,
// sentMM2 ...); its handle checks a message whole before it changes anything.
//
// What a stranger may send: until the peer is authenticated a message is
// dropped or moves main mode on; nothing else. There is no answer to a bad
// certificate or a bad signature, as on IOS. The one notify in the clear is the
// refusal of MM1.
//
// An IKE SA with child SAs is renewed before its lifetime ends (RenewalNeeded),
// and the new one inherits them. When it ends without a successor, by order for
// one, they stay until their own hard lifetime, as on IOS. The peer cannot be told
// of their deletion then; RekeyNeeded asks for a new main mode.
package ikev1
