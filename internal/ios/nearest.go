package ios

import "strings"

const maxWord = 64 // octets of a word that may be misspelt

// Nearest is the candidate that a misspelt word most likely meant: at most one
// wrong letter in three, two in all. It is "" when none is near, or several are
// equally.
func Nearest(s string, candidates []string) string {
	s = strings.ToLower(s)
	if len(s) > maxWord {
		return ""
	}
	best, least := "", 3
	for _, c := range candidates {
		if len(s)-len(c) > 2 || len(c)-len(s) > 2 { // letters to drop or add
			continue
		}
		allowed := min(2, max(len(s), len(c))/3)
		switch d := distance(s, strings.ToLower(c)); {
		case d <= allowed && d < least:
			best, least = c, d
		case d == least && c != best:
			best = ""
		}
	}
	return best
}

// distance counts the letters to change, add, drop or swap. Neither word is
// longer than maxWord+2.
func distance(a, b string) int {
	var rows [3][maxWord + 3]int
	before, last, row := rows[0][:len(b)+1], rows[1][:len(b)+1], rows[2][:len(b)+1]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
