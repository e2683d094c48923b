package ios

import (
	"fmt"
	"strings"
	"testing"
)

// log is what the handlers of the test's tables did.
type log struct{ lines []string }

func (l *log) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func say(what string, labels ...string) func(*log, *Match) {
	return func(l *log, m *Match) {
		s := [...]string{"", "no ", "default "}[m.Form] + what
		for _, label := range labels {
			s += " " + label + "=" + strings.Join(m.All(label), "+")
		}
		l.add("%s", s)
	}
}

func testMode() *Mode[*log] {
	inner := (&Mode[*log]{Name: "inner", Strict: true}).Add(
		Command[*log]{Syntax: "hash hash:{md5 | sha | sha256}", Do: say("hash", "hash")},
		Command[*log]{Syntax: "lifetime <60-86400>", Do: say("lifetime", "N")},
		Command[*log]{Syntax: "lifetime forever", Do: say("forever")},
		Command[*log]{Syntax: "keep alive [<1-9>]", Do: say("alive")},
		Command[*log]{Syntax: "keep {open | shut} now", Do: say("keep")},
		Command[*log]{Syntax: "set names:WORD...", Do: say("set", "names")},
		Command[*log]{Syntax: "hex HEX", Hex: true, Do: func(l *log, m *Match) { l.add("hex %s %x", m.Str("HEX"), m.Block) }},
	)
	loose := (&Mode[*log]{Name: "loose", Foreign: []string{"stranger", "open door"}, Unknown: func(l *log, line Line) { l.add("loose? %s", strings.TrimSpace(line.Text)) }}).Add(
		Command[*log]{Syntax: "address {A.B.C.D MASK | dhcp}", Do: say("address", "A.B.C.D", "MASK")},
	).Directives(Command[*log]{Syntax: "device WORD", Do: say("device", "WORD")})
	return (&Mode[*log]{Name: "root", Owned: []string{"crypto"}, Foreign: []string{"logging"}, Unknown: func(l *log, line Line) { l.add("root? %s", strings.TrimSpace(line.Text)) }}).Add(
		Command[*log]{Syntax: "crypto policy <1-100>", Enter: inner, Do: say("policy", "N")},
		Command[*log]{Syntax: "crypto profile WORD", Do: say("profile", "WORD")},
		Command[*log]{Syntax: "crypto key key:SECRET address A.B.C.D", Do: say("key", "A.B.C.D")},
		Command[*log]{Syntax: "interface INTERFACE", Enter: loose, Do: say("interface", "INTERFACE")},
		Command[*log]{Syntax: "route to:A.B.C.D {via:A.B.C.D | dev:INTERFACE [via:A.B.C.D]} [{name WORD | permanent}...]", Do: say("route", "to", "via", "dev", "WORD")},
		Command[*log]{Syntax: "text LINE", Do: say("text", "LINE")},
	).Directives(Command[*log]{Syntax: "number <1-9>", Do: say("number", "N")})
}

// run reads a text and gives what was done, and the errors in short.
func run(text string) string {
	var l log
	errs := testMode().Read(&l, "f", []byte(text), "x")
	for _, e := range errs {
		l.add("%d:%d %s", e.Pos.Line, e.Pos.Col, e.Text)
	}
	return strings.Join(l.lines, "|")
}

func TestRead(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"block", "crypto policy 10\n hash sha\n lifetime 60", "policy N=10|hash hash=sha|lifetime N=60"},
		{"no indentation", "crypto policy 10\nhash sha\ntext  a  b ", "policy N=10|hash hash=sha|text LINE=a  b"},
		{"any indentation", "  crypto policy 10\nhash sha\n      lifetime 99\r", "policy N=10|hash hash=sha|lifetime N=99"},
		{"abbreviated", "cr po 10\n ha sha2\n l 60", "policy N=10|hash hash=sha256|lifetime N=60"},
		{"capitals", "CRYPTO Policy 10\n HASH MD5", "policy N=10|hash hash=md5"},
		{"a whole word before longer ones", "crypto policy 1\n hash sha", "policy N=1|hash hash=sha"},
		{"ambiguous", "crypto p 10", `1:8 "p" is ambiguous`},
		{"ambiguous in the block", "crypto policy 1\n h md5", `policy N=1|2:2 "h" is ambiguous`},
		{"out of range", "crypto policy 101", `1:15 "101" is not understood here`},
		{"too early", "crypto policy", "1:15 the line ends too early"},
		{"too much", "crypto policy 1 2", `1:17 "2" is too much`},
		{"no and default", "crypto policy 1\n no hash\n no hash sha\n default lifetime\n no lifetime 70", "policy N=1|no hash hash=|no hash hash=sha|default lifetime N=|no lifetime N=70"},
		{"no of two that begin alike", "crypto policy 1\n no lifetime\n no lifetime forever\n no keep", "policy N=1|no lifetime N=|no forever|no keep"},
		{"no block", "no crypto policy 5\nhash md5", "no policy N=5|root? hash md5"},
		{"no block needs its name", "no crypto policy", "1:18 the line ends too early"},
		{"no to what is wrong", "crypto policy 1\n no hash 5", `policy N=1|2:10 "5" is not understood here`},
		{"exit", "crypto policy 1\n exit\n hash md5", "policy N=1|root? hash md5"},
		{"end", "text a\nend\nR1#", "text LINE=a"},
		{"below end", "text a\nend\ntext b", "text LINE=a|3:1 stands below the end of line 2, and would not be read"},
		{"comments", "! crypto\ncrypto policy 1\n! x\n hash md5\n!x", "policy N=1|hash hash=md5|5:4 the line ends too early"},
		{"directive", "!x number 7", "number N=7"},
		{"directive of the block and above", "interface lo0\n!x dev eth0\n!x num 7\n address dhcp", "interface INTERFACE=Loopback0|device WORD=eth0|number N=7|address A.B.C.D= MASK="},
		{"directive elsewhere", "!x device eth0", `1:4 "device" is not understood here`},
		{"another's directive", "!xy device eth0", ""},
		{"strict", "crypto policy 1\n frobnicate\n hash md5", `policy N=1|hash hash=md5|2:2 "frobnicate" is not understood here`},
		{"unknown behind a separator", "crypto policy 1\n hash md5\n!\nfrobnicate\n more\n hash sha", "policy N=1|hash hash=md5|root? frobnicate"},
		{"unknown without a separator", "crypto policy 1\nhsh md5", `policy N=1|2:1 "hsh" is not understood here`},
		{"foreign without a separator", "crypto policy 1\nlogging on\nhash md5", "policy N=1|root? logging on|root? hash md5"},
		{"loose", "interface tu 7\n strange thing\n stranger\n address 10.0.0.1 255.0.0.0", "interface INTERFACE=Tunnel7|loose? strange thing|loose? stranger|address A.B.C.D=10.0.0.1 MASK=255.0.0.0"},
		{"loose, but near", "interface tu7\n adress dhcp", `interface INTERFACE=Tunnel7|2:2 "adress" is not understood here`},
		{"loose, but near outside", "interface tu7\n address dhcp\ninterfce tu8\n address 10.0.0.1 255.0.0.0\ntext a", `interface INTERFACE=Tunnel7|address A.B.C.D= MASK=|text LINE=a|3:1 "interfce" is not understood here`},
		{"loose, but ours", "interface tu7\n address 10.0.0.1 255.0.255.0", `interface INTERFACE=Tunnel7|2:19 "255.0.255.0" is not understood here`},
		{"owned", "crypto what", `1:8 "what" is not understood here`},
		{"unknown takes what is deeper", "router ospf 1\n text trap\n  interface tu1\n text trap\ntext out", "root? router ospf 1|text LINE=out"},
		{"but not what is owned", "router ospf 1\n crypto profile P", "root? router ospf 1|profile WORD=P"},
		{"a refused head", "crypto policy 0\n hash md5\n hash mdd\ntext a", `text LINE=a|1:15 "0" is not understood here|3:7 "mdd" is not understood here`},
		{"banner", "banner motd #\ncrypto policy 1\n#\ntext a", "root? banner motd #|text LINE=a"},
		{"banner in one line", "banner motd #hello#\ntext a", "root? banner motd #hello#|text LINE=a"},
		{"banner with ^C", "banner ^Chello\ntext a\n^C\ntext b", "root? banner ^Chello|text LINE=b"},
		{"free text elsewhere", "aaa banner ^C\ntext a\n^C\ntext b", "root? aaa banner ^C|text LINE=b"},
		{"endless banner", "banner motd #\ntext a", "root? banner motd #|1:1 the text is not ended"},
		{"hex", "crypto policy 1\n hex 02\n  30820286 3081\n  AB\n\tquit\n hash md5", "policy N=1|hex 02 308202863081ab|hash hash=md5"},
		{"hex without quit", "crypto policy 1\n hex 02\n 3082\n hash md5", "policy N=1|hash hash=md5|2:2 the block is not ended"},
		{"hex to the end", "crypto policy 1\n hex 02\n 3082", "policy N=1|2:2 the block is not ended"},
		{"hex with half an octet", "crypto policy 1\n hex 02\n 308\n quit\n hash md5", `policy N=1|hash hash=md5|3:2 "308" is no pairs of hex digits`},
		{"repeated", "crypto policy 1\n set a b c", "policy N=1|set names=a+b+c"},
		{"choices of arguments", "route 1.2.3.4 5.6.7.8\nroute 1.2.3.4 tu1\nroute 1.2.3.4 tunnel 1 5.6.7.8 name x permanent", "route to=1.2.3.4 via=5.6.7.8 dev= WORD=|route to=1.2.3.4 via= dev=Tunnel1 WORD=|route to=1.2.3.4 via=5.6.7.8 dev=Tunnel1 WORD=x"},
		{"byte order mark", "\ufefftext a", "text LINE=a"},
		{"a pager taken away", "router ospf 1\n --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\btext a\ninterface tu1\n --More-- \r          \r address dhcp", "root? router ospf 1|text LINE=a|interface INTERFACE=Tunnel1|address A.B.C.D= MASK="},
		{"typed", "R1(config)#interface tu1\nR1(config-if)#no address\nR1(config-if)#exit\nR1(config)# crypto policy 1\nR1(config-isakmp)#hash md5", "interface INTERFACE=Tunnel1|no address A.B.C.D= MASK=|policy N=1|hash hash=md5"},
		{"a pager left standing", "interface tu1\n --More-- \n --More--  address 10.0.0.1 255.0.0.0\ncrypto policy 1\n--More--  hash md5\n --More-- !", "interface INTERFACE=Tunnel1|address A.B.C.D=10.0.0.1 MASK=255.0.0.0|policy N=1|hash hash=md5"},
		{"lines ended by carriage returns", "! x\rtext a\rtext b\r", "text LINE=a|text LINE=b"},
		{"UTF-16", "t\x00e\x00x\x00t\x00 \x00a\x00\n\x00", "1:1 this is no text, or text of another encoding"},
		{"nothing", "", ""},
		{"long line", "text " + strings.Repeat("a", MaxLine), fmt.Sprintf("1:1 the line has %d octets, the limit is %d", MaxLine+5, MaxLine)},
	}
	for _, test := range tests {
		if got := run(test.text); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	var l log
	errs := testMode().Read(&l, "f", []byte(strings.Repeat("\n", MaxLines)+"text a\ntext b\n"), "x")
	if len(errs) != 1 || len(l.lines) != 0 {
		t.Errorf("%v, %v", errs, l.lines)
	}
	errs = testMode().Read(&l, "f", []byte(strings.Repeat("crypto what\n", 10*MaxErrors)), "x")
	if len(errs) != MaxErrors+1 {
		t.Errorf("%d errors", len(errs))
	}
	self := &Mode[*log]{Name: "self"}
	self.Add(Command[*log]{Syntax: "deeper", Enter: self})
	if errs := self.Read(&l, "f", []byte(strings.Repeat("deeper\n", 100)), "x"); len(errs) == 0 {
		t.Error("modes go on for ever")
	}
	block := "crypto policy 1\n hex 02\n" + strings.Repeat(strings.Repeat("00", 1024)+"\n", maxBlock/1024+1) + "quit\n"
	if got := run(block); !strings.Contains(got, "the block has more than") {
		t.Errorf("%.200s", got)
	}
}

func TestExec(t *testing.T) {
	m := testMode()
	for line, want := range map[string]string{
		"crypto p 10":       `% Ambiguous command:  "crypto p 10"`,
		"crypto policy":     "% Incomplete command.",
		"crypto policy 101": "                 ^\n% Invalid input detected at '^' marker.",
		"frob":              "   ^\n% Invalid input detected at '^' marker.",
		"":                  "% Incomplete command.",
		"crypto profile P":  "",
		"crypto key s3cret": "% Incomplete command.",
	} {
		var l log
		got := ""
		if err := m.Exec(&l, line); err != nil {
			got = err.Exec(len("R1#"))
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q tells the key", err.Error())
			}
		} else if len(l.lines) != 1 {
			t.Errorf("%s: %v", line, l.lines)
		}
		if got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", line, got, want)
		}
	}
	if m.Exec(&log{}, strings.Repeat("a", MaxLine+1)) == nil {
		t.Error("a line beyond the limit passes")
	}
}

func TestInterfaceName(t *testing.T) {
	for name, want := range map[string]string{
		"Tunnel1": "Tunnel1", "tu1": "Tunnel1", "t1": "", "e0/0": "Ethernet0/0", "Gi0/0/1.100": "GigabitEthernet0/0/1.100", "fa0": "FastEthernet0",
		"lo0": "Loopback0", "Dot11Radio0": "Dot11Radio0", "Vlan1": "Vlan1", "Po10": "Port-channel10", "Virtual-Template1": "Virtual-Template1",
		"Tunnel": "", "1": "", "": "", "Tunnel1/": "", "Tunnel1//2": "", "Tunnel/1": "", "Tunnel-1": "", "Warp1": "", "Tunnel12345678901": "", "Serial0/0/0:15": "Serial0/0/0:15",
	} {
		if got, ok := InterfaceName(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"transform-set", "profile", "policy", "key", "IOSCA1"}
	for word, want := range map[string]string{
		"transfrom-set": "transform-set", "profle": "profile", "policies": "", "kye": "key", "k": "", "IOSCA2": "IOSCA1", "keyring": "", strings.Repeat("x", 1000): "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
	if got := Nearest("group3", []string{"group1", "group2"}); got != "" {
		t.Errorf("a tie gave %q", got)
	}
}

func TestMaskBits(t *testing.T) {
	for mask, want := range map[string]int{"255.255.255.255": 32, "255.255.255.0": 24, "0.0.0.0": 0, "128.0.0.0": 1, "255.0.255.0": -1, "0.0.0.255": -1, "x": -1, "::": -1} {
		n, ok := MaskBits(mask)
		if ok != (want >= 0) || ok && n != want {
			t.Errorf("%s: %d %v", mask, n, ok)
		}
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Pos: Pos{"r1.cfg", 3, 8}, Text: "no", Source: "\tcrypto what", Want: "want policy"}
	if got, want := e.Error(), "r1.cfg:3:8: no; want policy\n   crypto what\n         ^"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	long := (&Error{Pos: Pos{"f", 1, 3000}, Text: "no", Source: strings.Repeat("a", 2999) + "B" + strings.Repeat("a", 999)}).Error()
	shown := strings.Split(long, "\n")
	if len(shown[1]) > 130 || shown[1][strings.IndexByte(shown[2], '^')] != 'B' {
		t.Errorf("%q", long)
	}
	if got := (Errors{e, {Pos: Pos{File: "f"}, Text: "x"}}).Error(); !strings.HasSuffix(got, "^\nf: x") {
		t.Errorf("%q", got)
	}
}

// TestSyntaxFaults: a wrong table is found at start.
func TestSyntaxFaults(t *testing.T) {
	for _, syntax := range []string{"", "a {b", "a b}", "a [b}", "a | | b", "a NOSUCH", "a <9-1>", "a {}"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q passes", syntax)
				}
			}()
			(&Mode[*log]{}).Add(Command[*log]{Syntax: syntax})
		}()
	}
}

func FuzzRead(f *testing.F) {
	f.Add("crypto policy 1\n hex 02\n 3082\n quit\nbanner motd #\n#\nno interface tu 1\nend")
	f.Add("!x number 7\nroute 1.2.3.4 tunnel 1 5.6.7.8 name x permanent\ncrypto key s address 1.2.3.4")
	f.Fuzz(func(t *testing.T, text string) {
		var l log
		_ = testMode().Read(&l, "f", []byte(text), "x").Error()
		if e := testMode().Exec(&l, text); e != nil {
			_ = e.Exec(3)
		}
	})
}
