package questdb

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// notUsed holds the functions of C that this package does without, and why.
var notUsed = map[string]string{
	"questdb_table_name_new":                named,
	"questdb_table_name_free":               named,
	"questdb_column_name_new":               named,
	"questdb_column_name_free":              named,
	"questdb_buffer_table_named":            named,
	"questdb_buffer_symbol_named":           named,
	"questdb_buffer_column_bool_named":      named,
	"questdb_buffer_column_i64_named":       named,
	"questdb_buffer_column_f64_named":       named,
	"questdb_buffer_column_str_named":       named,
	"questdb_buffer_column_ts_micros_named": named,
	"questdb_buffer_column_ts_nanos_named":  named,
	"questdb_buffer_column_f64_arr_named":   named,
	"questdb_buffer_column_dec_str_named":   named,
	"questdb_buffer_column_dec_named":       named,
	"questdb_buffer_column_dec_i64_named":   named,
	"questdb_buffer_column_dec_i128_named":  named,
	"questdb_pool_handle":                   "completions come over channels",
	"questdb_pool_new_sender":               "goroutines submit buffers, and a channel tells of each batch",
	"questdb_pool_wait":                     "completions come over channels",
}

const named = "a call into C costs more than checking a name; a Layout names its columns once, and saves the calls too"

// Every function of the library is used by this package, or stands above with a reason.
func TestEveryFunctionOfTheLibraryIsUsed(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"*.go", "*.h"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || file == "nocallback.go" {
				continue
			}
			text, err := os.ReadFile(file)
			must(t, err)
			source.Write(text)
		}
	}
	symbols, err := os.ReadFile("../../../capi/abi/symbols.txt")
	must(t, err)
	used, text := 0, source.String()
	for _, line := range strings.Split(string(symbols), "\n") {
		name, _, _ := strings.Cut(line, " ")
		if name == "" || name == "#" {
			continue
		}
		is := strings.Contains(text, name+"(")
		if reason := notUsed[name]; is == (reason != "") {
			t.Errorf("%s: used %v, reason not to %q", name, is, reason)
		}
		if is {
			used++
		}
	}
	if used < 110 {
		t.Error(used, "functions")
	}
	t.Log(used, "functions are used,", len(notUsed), "are not, with a reason")
}

// Every exported type and function says what it does, and every exported constant or variable does, or its group.
func TestEverythingExportedHasAComment(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	must(t, err)
	count := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		must(t, err)
		for _, declared := range file.Decls {
			for name, comment := range exported(declared) {
				count++
				if comment.Text() == "" {
					t.Errorf("%s: %s has no comment", file.Name, name)
				}
			}
		}
	}
	if count < 200 {
		t.Error(count, "names")
	}
}

// exported holds the exported names of a declaration with their comments.
func exported(declared ast.Decl) map[string]*ast.CommentGroup {
	found := map[string]*ast.CommentGroup{}
	add := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		for _, comment := range comments {
			if name.IsExported() && found[name.Name] == nil {
				found[name.Name] = comment
			}
		}
	}
	switch declared := declared.(type) {
	case *ast.FuncDecl:
		add(declared.Name, declared.Doc)
	case *ast.GenDecl:
		for _, spec := range declared.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				add(spec.Name, spec.Doc, declared.Doc)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					add(name, spec.Doc, spec.Comment, declared.Doc)
				}
			}
		}
	}
	return found
}
