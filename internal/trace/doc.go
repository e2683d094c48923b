// Package trace writes what simulated routers said to each other as a capture
// that Wireshark reads, and the keys with which it decrypts it.
package trace
