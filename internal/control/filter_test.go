package control

import (
	"strings"
	"testing"
)

const shown = `
interface: Tunnel1
    Crypto map tag: Tunnel1-head-0, local addr 192.168.0.1

     inbound esp sas:
      spi: 0x2BDAB8F7(735754487)
        in use settings ={Tunnel, }

     outbound esp sas:
      spi: 0xFDC96FDB(4257837019)
`

func TestFilter(t *testing.T) {
	for line, want := range map[string]string{
		"show crypto ipsec sa | include spi":          "      spi: 0x2BDAB8F7(735754487)\n      spi: 0xFDC96FDB(4257837019)\n",
		"sh cry ips sa | i ^interface|settings":       "interface: Tunnel1\n        in use settings ={Tunnel, }\n",
		"show crypto ipsec sa|exclude spi|:|,":        "\n\n\n",
		"show crypto ipsec sa | begin outbound":       "     outbound esp sas:\n      spi: 0xFDC96FDB(4257837019)\n",
		"show crypto ipsec sa | sec inbound":          "     inbound esp sas:\n      spi: 0x2BDAB8F7(735754487)\n        in use settings ={Tunnel, }\n",
		"show crypto ipsec sa | include Crypto map t": "    Crypto map tag: Tunnel1-head-0, local addr 192.168.0.1\n",
		"show crypto ipsec sa | begin nothing":        "",
	} {
		if _, err := Parse(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		_, keep, err := modified(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := keep(shown); got != want {
			t.Errorf("%s:\n%q, want\n%q", line, got, want)
		}
	}
	for line, want := range map[string]string{
		"show crypto isakmp sa | grep x":    "show crypto isakmp sa | grep x\n                        ^\n% Invalid input",
		"show crypto isakmp sa |":           "% Incomplete command.",
		"show crypto isakmp sa | include":   "% Incomplete command.",
		"show crypto isakmp sx | include x": "show crypto isakmp sx\n                   ^\n",
		"show crypto isakmp sa | include (": "% error parsing regexp: missing closing ): `(`",
		"clear crypto sa | include x":       `% output modifiers are for show commands, not for "clear crypto sa"`,
		"debug crypto isakmp | i x":         `% output modifiers are for show commands`,
	} {
		if _, err := Parse(line); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant\n%s", line, err, want)
		}
	}
	r := newRouter(t)
	if code, out, errs := r.do(t.Context(), "show crypto isakmp sa | include IPv4"); code != ExitDone || errs != "" || out != "% a notice\nIPv4 Crypto ISAKMP SA\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}
