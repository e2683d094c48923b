// Package esp is the Encapsulating Security Payload (RFC 4303) outside the kernel,
// and GRE (RFC 2784, 2890) inside it: packets in, packets out. It has no socket, no
// goroutine and no clock. An Outbound seals packets of IP, an Inbound opens packets
// of ESP; what is dropped is counted by its kind.
package esp
