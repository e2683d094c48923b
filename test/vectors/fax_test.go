package vectors

import (
	"strings"
	"testing"
)

func TestReadFax(t *testing.T) {
	cases, err := ReadFax(strings.NewReader("# CAVS\r\n[g^xy length = 256]\r\n[SHA-1]\r\n\r\nCOUNT = 0\r\nNi = 0a0b\r\nCOUNT = 1\r\n[SHA-256]\r\nCOUNT = 0\r\nNi = ff\r\n"))
	if err != nil || len(cases) != 3 || cases[0].Hash != "SHA-1" || cases[2].Hash != "SHA-256" || cases[2].Line != 9 {
		t.Fatalf("%+v %v", cases, err)
	}
	if v, err := cases[0].Field("Ni"); err != nil || string(v) != "\x0a\x0b" {
		t.Errorf("%x %v", v, err)
	}
	if _, err := cases[1].Field("Ni"); err == nil {
		t.Error("a field of another case")
	}
	for _, bad := range []string{"Ni = 00\n", "COUNT = 0\nNi = 0g\n", "COUNT = 0\nwhat\n"} {
		if _, err := ReadFax(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
