package policy

import "strings"

// foreignGlobal are commands of IOS's global configuration that have nothing
// to do with crypto, interfaces and routing. They are here to be told from
// what is wrong inside a crypto block; a word that is not, and stands behind a
// '!' and not deeper than the block, is taken for one of them too.
var foreignGlobal = phrases(`aaa|access-list|alias|archive|arp|async-bootp|authentication mac-move|authentication convert-to|auto|banner|bba-group|boot|boot-start-marker
boot-end-marker|bridge|bridge-domain|buffers|call-home|card|ccm-manager|cdp|class-map|clns|clock|cns|config-register|configuration|control-plane|controller
cts|device-sensor|device-tracking|diagnostic|dial-peer|dialer-list|dmvpn|do|dot11|dot1x|downward-compatible-config|dspfarm|dying-gasp|enable|end-policy-map|ephone|ephone-dn
errdisable|ethernet|event|exception|facility-alarm|file|flow|format|gatekeeper|gateway|gw-accounting|hw-module|ip access-list|ip as-path|ip bgp-community|ip bootp|ip cef|ip classless
ip community-list|ip default-gateway|ip default-network|ip dhcp|ip dns|ip domain list|ip domain lookup|ip domain-list|ip domain-lookup|ip domain retry|ip domain timeout|ip extcommunity-list|ip finger
ip flow-cache|ip flow-export|ip flow-top-talkers|ip forward-protocol|ip ftp|ip host-routing|ip http|ip icmp|ip identd|ip inspect name|ip local|ip multicast-routing|ip name-server|ip nat inside source|ip nat outside source
ip nat pool|ip nat translation|ip nbar|ip pim rp-address|ip port-map|ip prefix-list|ip radius|ip rcmd|ip routing|ip scp|ip sla|ip source-route|ip spd|ip ssh|ip subnet-zero|ip tacacs|ip tcp synwait-time
ip tcp path-mtu-discovery|ip telnet|ip tftp|ipv6|ipv6 access-list|ipv6 cef|ipv6 dhcp pool|ipv6 host|ipv6 local|ipv6 multicast-routing|ipv6 prefix-list|ipv6 router|ipv6 source-route|ipv6 unicast-routing|isdn|kerberos|key chain|key config-key|l2tp-class|l2vpn|lacp|ldap|license|line|lldp|location|logging|login|mac|mac-address-table
map-class|map-list|memory|memory-size|metadata|mgcp|mls|mmi|monitor|mpls|multilink|nat64|netconf|netconf-yang|no-service|ntp|object-group|parameter-map|parser|platform|policy-map|policy-manager|port-channel|prompt
privilege|process|process-max-time|pseudowire-class|qos|radius|radius-server|redundancy|regexp|resource|restconf|rmon|route-map|route-tag|router|rsvp|rtr|scheduler|sccp|scripting|security|service|service-list
sgbp|snmp|snmp-server|sntp|spanning-tree|ssh|stackwise|standby|subscriber|switch|system|tacacs|tacacs-server|tclsh|telemetry|telephony-service|template|terminal-queue|tftp-server|time-range|track|transceiver
udld|upgrade|username|vc-class|virtual-profile|vlan|voice|voice-card|voice-port|vpdn|vpdn-group|vtp|warm-reboot|wccp|webvpn|wsma|x25|x29|xdr|xsm|zone|zone-pair`)

// foreignInterface are commands of interfaces that have nothing to do with
// what obol makes of them.
var foreignInterface = phrases(`arp|atm|auto|bfd|bridge-group|carrier-delay|cdp|channel-group|class|clock|compress|dialer|dialer-group|dialer-pool|dot1q|down-when-looped|duplex|encapsulation|fair-queue|flowcontrol
frame-relay|full-duplex|half-duplex|glbp|hold-queue|if-state|ip access-group|ip accounting|ip address-family|ip authentication|ip bandwidth-percent|ip bfd|ip broadcast-address|ip cef|ip dhcp|ip directed-broadcast|ip eigrp|ip flow
ip hello-interval|ip helper-address|ip hold-time|ip igmp|ip inspect|ip ips|ip irdp|ip local-proxy-arp|ip mask-reply|ip mobile|ip mroute-cache|ip multicast|ip nat|ip nbar|ip next-hop-self|ip nhrp|ip ospf|ip pim|ip policy|ip proxy-arp|ip redirects
ip rip|ip route-cache|ip rsvp|ip rtp|ip split-horizon|ip summary-address|ip tcp|ip traffic-export|ip unreachables|ip urd|ip verify|ip virtual-reassembly|ip wccp|ip router|ipv6|isdn|isis|keepalive|lacp|lan-name|lldp|load-interval|logging event
loopback|mac-address|macro|max-reserved-bandwidth|media-type|mop|mpls|mtu|nat64|negotiation|nhrp|no-snoop|ntp|ospfv3|peer|physical-layer|ppp|pppoe|pppoe-client|priority-group|qos|queue-limit|random-detect|rate-limit|routing|serial|service-policy
shape|shared-secret|snmp|spanning-tree|speed|squelch|standby|storm-control|switchport|traffic-shape|transmit-interface|tx-ring-limit|udld|virtual-ppp|vlan-id|vrrp|xconnect|zone-member`)

func phrases(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == '\n' })
}
