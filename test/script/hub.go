package script

import "fmt"

// HubInner is what a hub has inside, for all of its spokes.
const HubInner = "10.255.0.1"

const hub = `hostname HUB
crypto isakmp policy 10
 encr aes
 hash sha256
 authentication pre-share
 group 19
crypto keyring ANY
 pre-shared-key address 0.0.0.0 0.0.0.0 key cisco
crypto isakmp profile SPOKES
 keyring ANY
 match identity address 0.0.0.0
 virtual-template 1
crypto ikev2 keyring ANY
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key cisco
crypto ikev2 profile SPOKES
 match identity remote any
 authentication local pre-share
 authentication remote pre-share
 keyring local ANY
 virtual-template 2
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile ONE
 set transform-set TS
 set isakmp-profile SPOKES
crypto ipsec profile TWO
 set transform-set TS
 set ikev2-profile SPOKES
interface Loopback0
 ip address ` + HubInner + ` 255.255.255.255
interface Virtual-Template1 type tunnel
 ip unnumbered Loopback0
 tunnel source Ethernet0/0
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile ONE
interface Virtual-Template2 type tunnel
 ip unnumbered Loopback0
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile TWO
interface Ethernet0/0
 ip address %s 255.255.255.0
`

const spoke = `hostname SPOKE%[1]d
crypto isakmp policy 10
 encr aes
 hash sha256
 authentication pre-share
 group 19
crypto isakmp key cisco address %[3]s
crypto isakmp profile HUB
 keyring default
 match identity address %[3]s
crypto isakmp nat keepalive 20
crypto ikev2 keyring HUB
 peer HUB
  address %[3]s
  pre-shared-key cisco
crypto ikev2 profile HUB
 match identity remote any
 authentication local pre-share
 authentication remote pre-share
 keyring local HUB
 nat keepalive 20
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile HUB
 set transform-set TS
 set %[4]s
interface Tunnel0
 ip address 10.0.%[1]d.1 255.255.255.252
 tunnel source Ethernet0/0
 tunnel mode ipsec ipv4
 tunnel destination %[3]s
 tunnel protection ipsec profile HUB
interface Ethernet0/0
 ip address %[2]s 255.255.255.0
ip route ` + HubInner + ` 255.255.255.255 Tunnel0
`

// Hub is the configuration of a hub with an address that makes the tunnels of its spokes
// of templates: of the first for IKEv1, of the second for IKEv2. It knows no spoke.
func Hub(address string) string { return fmt.Sprintf(hub, address) }

// Spoke is that of spoke n, at most 255, which speaks IKEv2 if n is even.
func Spoke(n int, address, hub string) string {
	profile := "isakmp-profile HUB"
	if n%2 == 0 {
		profile = "ikev2-profile HUB"
	}
	return fmt.Sprintf(spoke, n, address, hub, profile)
}
