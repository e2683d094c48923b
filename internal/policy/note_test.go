package policy

import (
	"os"
	"testing"
)

// compileFile compiles a configuration that has to be right.
func compileFile(t *testing.T, path string) *Config {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, errs := Compile(Source{path, text})
	if errs != nil {
		t.Fatal(errs)
	}
	return c
}

func TestX(t *testing.T) {
	for _, f := range []string{"note/ikev1-r1", "note/ikev1-r2", "vti/r1", "vti/r2"} {
		c := compileFile(t, "../../configs/"+f+".cfg")
		t.Logf("%+v", c)
		for _, i := range c.Interfaces {
			t.Logf("%+v %+v", i, i.Tunnel)
		}
	}
}
