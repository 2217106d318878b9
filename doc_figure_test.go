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

var drawFigures = flag.Bool("draw", false, "draw docs/performance.svg from the table in docs/performance.md")

// growthRow is a row of the table of growth: answers a second by size.
type growthRow struct {
	name  string
	rates []float64
}

// growthTable reads the table below the line that begins with "| growth |".
func growthTable(t *testing.T) (sizes []string, rows []growthRow) {
	t.Helper()
	data, err := os.ReadFile("docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(data), "\n| growth |")
	if !found {
		t.Fatal("docs/performance.md has no table of growth")
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

// TestGrowthFigure checks that the figure shows the numbers of the table.
func TestGrowthFigure(t *testing.T) {
	sizes, rows := growthTable(t)
	want := drawGrowth(sizes, rows)
	if *drawFigures {
		if err := os.WriteFile("docs/performance.svg", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("docs/performance.svg"); err != nil || string(got) != want {
		t.Errorf("docs/performance.svg is not the figure of the table (see go test -draw): %v", err)
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

// drawGrowth returns the figure: a line for each row, both axes logarithmic.
func drawGrowth(sizes []string, rows []growthRow) string {
	const width, height, left, top, right = 760, 460, 60, 30, 190
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/><text x="%d" y="18">answers a second, 64 clients, by contacts in the workspace</text>`+"\n", width, height, left)
	x := func(i int) float64 { return left + float64(i)*float64(width-left-right)/float64(max(1, len(sizes)-1)) }
	y := func(rate float64) float64 {
		return float64(height-40) - (math.Log10(max(rate, 10))-1)*float64(height-40-top)/4 // 10 to 100,000
	}
	for rate := 10.0; rate <= 100_000; rate *= 10 {
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left, y(rate), width-right, y(rate), left-6, y(rate)+4, rate)
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
