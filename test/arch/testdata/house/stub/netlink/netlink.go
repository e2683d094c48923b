// Package netlink stands in for the real one.
package netlink
