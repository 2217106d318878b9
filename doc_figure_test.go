package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var drawFigures = flag.Bool("draw", false, "draw the figures from the tables in docs/performance.md")

// figure is a picture of a table in docs/performance.md.
type figure struct {
	file    string
	table   string // the first cell of its first line
	title   string
	low     float64 // at the bottom
	decades int     // from the bottom to the top
}

var figures = []figure{
	{"docs/performance.svg", "growth", "answers a second, 64 clients, by contacts in the workspace", 10, 4},
	{"docs/numbers.svg", "numbers, ms", "milliseconds for a question about numbers, by deals in the workspace", 0.1, 5},
}

// growthRow is a row of a table of growth: a value for each size.
type growthRow struct {
	name  string
	rates []float64
}

// read reads the table of the figure.
func (f *figure) read(t *testing.T) (sizes []string, rows []growthRow) {
	t.Helper()
	data, err := os.ReadFile("docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(data), "\n| "+f.table+" |")
	if !found {
		t.Fatalf("docs/performance.md has no table %s", f.table)
	}
	lines := strings.Split(text, "\n")
	sizes = cells(lines[0])
	for _, line := range lines[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		row := growthRow{name: cells(line)[0]}
		for _, cell := range cells(line)[1:] {
			rate, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			row.rates = append(row.rates, rate)
		}
		if len(row.rates) != len(sizes) {
			t.Fatalf("%s: %d rates for %d sizes", line, len(row.rates), len(sizes))
		}
		rows = append(rows, row)
	}
	return sizes, rows
}

func cells(line string) []string {
	list := strings.Split(strings.Trim(line, "| "), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// TestGrowthFigures checks that the figures show the numbers of their tables.
func TestGrowthFigures(t *testing.T) {
	for _, f := range figures {
		want := f.draw(f.read(t))
		if *drawFigures {
			if err := os.WriteFile(f.file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(f.file); err != nil || string(got) != want {
			t.Errorf("%s is not the figure of the table (see go test -draw): %v", f.file, err)
		}
	}
}

// TestPerformancePageNamesBenchmarks checks that the benchmarks on the page exist.
func TestPerformancePageNamesBenchmarks(t *testing.T) {
	page, err := os.ReadFile("docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, pattern := range []string{"server/*_test.go", "server/e2e/*_test.go", "store/duplicates/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(data)
		}
	}
	for _, name := range regexp.MustCompile(`Benchmark[A-Z]\w*`).FindAllString(string(page), -1) {
		if !strings.Contains(code.String(), "\nfunc "+name+"(b *testing.B)") {
			t.Errorf("docs/performance.md: there is no %s", name)
		}
	}
}

// draw returns the figure: a line for each row, both axes logarithmic.
func (f *figure) draw(sizes []string, rows []growthRow) string {
	const width, height, left, top, right = 790, 460, 60, 30, 220
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="18">%s</text>`+"\n", width, height, left, f.title)
	x := func(i int) float64 { return left + float64(i)*float64(width-left-right)/float64(max(1, len(sizes)-1)) }
	y := func(rate float64) float64 {
		return float64(height-40) - math.Log10(max(rate/f.low, 1))*float64(height-40-top)/float64(f.decades)
	}
	for n := range f.decades + 1 {
		rate := f.low * math.Pow10(n)
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, y(rate), width-right, y(rate), left-6, y(rate)+4, strconv.FormatFloat(rate, 'f', -1, 64))
	}
	for i, size := range sizes {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(i), height-18, size)
	}
	for n, row := range rows {
		color := fmt.Sprintf("hsl(%d,65%%,40%%)", n*360/len(rows))
		var points []string
		for i, rate := range row.rates {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(rate)))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), color)
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/><text x="%d" y="%d">%s</text>`+"\n",
			width-right+14, top+8+n*20, width-right+34, top+8+n*20, color, width-right+40, top+12+n*20, row.name)
	}
	return b.String() + "</svg>\n"
}
