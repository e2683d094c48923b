// Package ios is the language of Cisco IOS as a machine: lines, tokens with
// positions, modes, abbreviation, no and default, and the answers that IOS
// gives to what it does not understand. It has no commands of its own: package
// policy brings the tables of the configuration, package control those of the
// exec line.
package ios
