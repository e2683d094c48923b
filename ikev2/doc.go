// Package ikev2 is IKEv2 (RFC 7296) without I/O, as IOS speaks it.
package ikev2
