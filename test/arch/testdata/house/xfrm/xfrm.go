package xfrm

import (
	_ "unsafe"

	_ "github.com/vishvananda/netlink"
)

func wait(done chan struct{}) { go close(done) }
