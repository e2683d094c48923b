// Package ios is the language of Cisco IOS as a machine: lines, tokens with
// positions, modes, abbreviation, no and default, and the answers that IOS
// gives to what it does not understand. It has no commands of its own: package
// policy brings the tables of the configuration, package control those of the
// exec line.
//
// A table row is written as IOS's own manuals write it:
//
//	encryption encr:{des | 3des | aes [bits:{128 | 192 | 256}]}
//	crypto isakmp key [0 | 6] key:SECRET address A.B.C.D [MASK] [no-xauth]
//	set transform-set WORD...
//
// Lower-case words are keywords, and may be shortened to any prefix that only
// one keyword of the place has (all-digit keywords are written out). Braces
// choose, brackets may be left out, dots repeat, capitals are arguments (see
// arguments), and "label:" names what follows for the handler.
//
// Indentation carries no meaning: a line belongs to the innermost mode that
// understands it, and taking a line of an outer mode leaves the inner ones.
package ios
