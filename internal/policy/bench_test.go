package policy

import (
	"os"
	"testing"
)

func BenchmarkCompile(b *testing.B) {
	text, err := os.ReadFile("testdata/loads/running-config.cfg")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := Compile(Source{"r1.cfg", text}); errs != nil {
			b.Fatal(errs)
		}
	}
}
