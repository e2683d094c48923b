module example.test/house

go 1.26

require (
	github.com/vishvananda/netlink v1.0.0
	go.uber.org/zap v1.0.0
)

replace (
	github.com/vishvananda/netlink => ./stub/netlink
	go.uber.org/zap => ./stub/zap
)
