package main

import (
	_ "example.test/house/xfrm"
	_ "github.com/vishvananda/netlink" // want "cmd/... imports github.com/vishvananda/netlink"
)

func main() {}
