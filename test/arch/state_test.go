package arch

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/state"
)

var update = flag.Bool("update", false, "write the descriptions of the state anew")

const (
	stateFile   = "testdata/state.golden"
	stateFields = "\n\nFIELDS\n\n" // between the descriptions and the types
)

// TestState compares the descriptions of what one process hands to the next with those of
// the version that state.Version says: the next process reads by its own. It compares the
// fields of what they describe too, of which each goes over or does not have to.
func TestState(t *testing.T) {
	form, fields := stateOf(t, "../..")
	octets, err := os.ReadFile(stateFile)
	if err != nil {
		t.Fatal(err)
	}
	was, wasFields, _ := strings.Cut(string(octets), stateFields)
	version := fmt.Sprintf("version %d\n\n", state.Version)
	same := form == strings.TrimPrefix(was, version)
	switch {
	case !same && strings.HasPrefix(was, version):
		t.Errorf("a handover has another form: give state.Version the next number, then go test ./test/arch -run TestState -update\n%s", difference(was, version+form))
	case *update:
		if err := os.WriteFile(stateFile, []byte(version+form+stateFields+fields), 0o644); err != nil {
			t.Error(err)
		}
	case !same || fields != wasFields:
		t.Errorf("what stands has other fields: does a handover have to carry them? Then go test ./test/arch -run TestState -update\n%s", difference(wasFields, fields))
	}
}

// stateOf prints all functions that take a state.Codec, and the types whose methods they
// are, without comments.
func stateOf(t *testing.T, dir string) (form, fields string) {
	t.Helper()
	functions, types := map[string]string{}, map[string]string{}
	var described []string // types
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join(dir, "test") || path == filepath.Join(dir, "internal/state") || strings.HasPrefix(entry.Name(), ".") && path != dir):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		where, err := filepath.Rel(dir, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if of := receiver(decl); takesCodec(decl) {
					functions[where+" "+of+"."+decl.Name.Name] = text(t, files, decl)
					if of != "Config" { // which goes over as text
						described = append(described, where+" "+of)
					}
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						types[where+" "+spec.Name.Name] = text(t, files, spec)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range types {
		if !slices.Contains(described, name) {
			delete(types, name)
		}
	}
	if len(functions) == 0 || len(types) == 0 {
		t.Fatal("no descriptions found")
	}
	return list(functions), list(types)
}

func takesCodec(f *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.Type.Params.List, func(p *ast.Field) bool {
		pointer, _ := p.Type.(*ast.StarExpr)
		if pointer == nil {
			return false
		}
		name, _ := pointer.X.(*ast.SelectorExpr)
		return name != nil && name.Sel.Name == "Codec"
	})
}

// receiver is the name of a method's type, "" of a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	name, _ := of.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// aligned is what gofmt puts between columns: a longer name changes that of its
// neighbours.
var aligned = regexp.MustCompile(`(\S)[ \t]+`)

func text(t *testing.T, files *token.FileSet, node ast.Node) string {
	t.Helper()
	var b bytes.Buffer
	if err := printer.Fprint(&b, files, node); err != nil {
		t.Fatal(err)
	}
	return aligned.ReplaceAllString(b.String(), "$1 ")
}

func list(m map[string]string) string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, m[name])
	}
	return b.String()
}

// difference are the lines that one text has and the other has not.
func difference(was, is string) string {
	var b strings.Builder
	only := func(sign, text, other string) {
		lines := strings.Split(other, "\n")
		for line := range strings.SplitSeq(text, "\n") {
			if !slices.Contains(lines, line) {
				fmt.Fprintf(&b, "%s %s\n", sign, line)
			}
		}
	}
	only("-", was, is)
	only("+", is, was)
	return b.String()
}
