package arch

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Finding is one broken rule.
type Finding struct {
	Pos  token.Position // file, line
	Text string         // what stands there
	Why  string         // the rule's reason
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s\n\t%s", f.Pos.Filename, f.Pos.Line, f.Text, f.Why)
}

// Check applies every rule to the module in dir and gives the findings in order
// of their place. An error means that the tree could not be read or does not
// type-check.
func Check(dir string) ([]Finding, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: dir,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedModule | packages.NeedImports |
			packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
		BuildFlags: []string{"-tags=netns,vm,image,bench,page,boot"},
	}, "./...")
	if err != nil {
		return nil, err
	}
	c := checker{}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("%s does not build: %w", p.PkgPath, p.Errors[0])
		}
		c.room(p)
	}
	if err := c.lengths(dir); err != nil {
		return nil, err
	}
	slices.SortFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Text, b.Text))
	})
	return c.findings, nil
}

type checker struct {
	findings []Finding
}

func (c *checker) report(pos token.Position, why, format string, args ...any) {
	c.findings = append(c.findings, Finding{Pos: pos, Text: fmt.Sprintf(format, args...), Why: why})
}

// room applies the rules of one package.
func (c *checker) room(p *packages.Package) {
	rel := strings.TrimPrefix(p.PkgPath, p.Module.Path+"/")
	r, ok := find(rel)
	if !ok {
		pos := token.Position{Filename: p.Dir, Line: 1}
		if len(p.Syntax) > 0 {
			pos = p.Fset.Position(p.Syntax[0].Package)
		}
		c.report(pos, "every package has a level; give it a row in test/arch/rooms.go and in ARCHITECTURE.md", "%s is not in the table", rel)
		return
	}
	for _, file := range p.Syntax {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // cannot be: the file type-checks
			}
			c.imports(p.Fset.Position(spec.Pos()), p.Module.Path, r, path)
		}
		if pure(r) {
			c.goroutines(p, file)
		}
	}
	for ident, object := range p.TypesInfo.Uses {
		c.words(p.Fset.Position(ident.Pos()), p.Module.Path, r, object)
	}
	if !pure(r) {
		return
	}
	for ident, object := range p.TypesInfo.Uses {
		if f, ok := object.(*types.Func); ok && f.FullName() == "(*sync.WaitGroup).Go" {
			c.report(p.Fset.Position(ident.Pos()), whyNoGoroutine, "%s starts a goroutine", p.Name)
		}
	}
	// A file that this build leaves out would escape the checks.
	for _, file := range p.IgnoredFiles {
		if strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
			c.report(token.Position{Filename: file, Line: 1}, "levels 0-4 are the same on every system", "%s has a build constraint", rel)
		}
	}
}

// imports checks one import of a room.
func (c *checker) imports(pos token.Position, module string, r room, path string) {
	for _, b := range bans {
		if b.within(r) && b.covers(path) {
			c.report(pos, b.why, "%s imports %s", r.path, path)
		}
	}
	rel, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		if r.path == "wire" && strings.Contains(strings.Split(path, "/")[0], ".") {
			c.report(pos, "package wire needs the standard library only, so that anyone can use it", "wire imports %s", path)
		}
		return
	}
	other, ok := find(rel)
	if !ok || other.path == r.path {
		return // the unknown one is reported as a package
	}
	if !r.mayImport(other) {
		c.report(pos, r.allowed(), "%s (level %d) imports %s (level %d)", r.path, r.level, other.path, other.level)
	}
}

// allowed says in words what a room may import.
func (r room) allowed() string {
	var parts []string
	if len(r.may) > 0 {
		parts = append(parts, strings.Join(r.may, ", "))
	}
	if r.below > 0 {
		parts = append(parts, fmt.Sprintf("the rooms under level %d", r.below))
	}
	if parts == nil {
		return r.path + " may import nothing of this module: a message and a word must be usable without the rest"
	}
	return r.path + " may import only " + strings.Join(parts, " and ") + ": knowledge flows upwards, never sideways"
}

// words checks one use of a name.
func (c *checker) words(pos token.Position, module string, r room, object types.Object) {
	if object.Pkg() == nil || object.Parent() != object.Pkg().Scope() {
		return // a method, a field or a local name
	}
	for _, w := range words {
		if w.within(r) && w.pkg == strings.TrimPrefix(object.Pkg().Path(), module+"/") && slices.Contains(w.names, object.Name()) {
			c.report(pos, w.why, "%s uses %s.%s", r.path, w.pkg, object.Name())
		}
	}
}

func (c *checker) goroutines(p *packages.Package, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.GoStmt); ok {
			c.report(p.Fset.Position(s.Pos()), whyNoGoroutine, "%s starts a goroutine", p.Name)
		}
		return true
	})
}

// lengths checks how long the files are, whatever their build constraints.
func (c *checker) lengths(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != dir && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		limit := maxLines
		if strings.HasSuffix(path, "_test.go") {
			limit = maxTestLines
		}
		if n := bytes.Count(text, []byte("\n")); n > limit {
			c.report(token.Position{Filename: path, Line: n}, "a file is one exchange, one payload or one decision: split it by subject", "%d lines, the limit is %d", n, limit)
		}
		return nil
	})
}
