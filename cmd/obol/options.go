package main

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// options are what stands on the command line.
type options struct {
	socket, store string
	storeGiven    bool
	words         []string

	wait          time.Duration // negative: not given
	verbose       bool
	ca, cert, key string // files of an import
	passwordFile  string
	config        string // the running-config, where no daemon has it
	passphrase    string // file with that of the store's keys
	yes           bool
	help          bool
}

// parse takes words and options in any order: --option VALUE or
// --option=VALUE. What follows "--" are words.
func parse(args []string) (options, error) {
	o := options{socket: "/run/obol/obol.sock", store: "/var/lib/obol", wait: -1}
	files := map[string]*string{
		"socket": &o.socket, "store": &o.store,
		"ca": &o.ca, "cert": &o.cert, "key": &o.key, "password-file": &o.passwordFile,
		"config": &o.config, "key-passphrase-file": &o.passphrase,
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			o.words = append(o.words, args...)
			break
		}
		switch arg {
		case "-h":
			arg = "--help"
		case "-c":
			arg = "--config"
		}
		name, isOption := strings.CutPrefix(arg, "--")
		if !isOption {
			o.words = append(o.words, arg)
			continue
		}
		name, value, given := strings.Cut(name, "=")
		switch name {
		case "help":
			o.help = true
			continue
		case "verbose":
			o.verbose = true
			continue
		case "yes":
			o.yes = true
			continue
		}
		if files[name] == nil && name != "wait" {
			return o, fmt.Errorf("there is no option --%s", name)
		}
		if !given {
			if len(args) == 0 {
				return o, fmt.Errorf("--%s needs a value", name)
			}
			value, args = args[0], args[1:]
		}
		if name != "wait" {
			*files[name] = value
			o.storeGiven = o.storeGiven || name == "store"
			continue
		}
		wait, err := time.ParseDuration(value)
		if err != nil || wait < 0 || wait > time.Hour {
			return o, fmt.Errorf("--wait %s: want a time up to 1h, such as 90s", value)
		}
		o.wait = wait
	}
	if len(o.words) == 0 && !o.help {
		return o, errors.New("no command")
	}
	return o, nil
}
