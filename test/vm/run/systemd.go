package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// service is this program as a service of systemd, with its job beside it.
const service = "/run/vm/service"

// unit runs the job when everything else that a boot starts has been started.
const unit = `[Unit]
Description=The job of test/vm/run
After=multi-user.target

[Service]
ExecStart=` + service + `
StandardOutput=journal+console
`

// masked are units of Debian's that wait for devices or programs which are not here:
// terminals, udev, dbus.
var masked = []string{"getty.target", "systemd-logind.service", "proc-sys-fs-binfmt_misc.automount"}

// becomeSystemd leaves the job to a service and executes systemd.
func becomeSystemd(j *job) {
	const units = "/run/systemd/system/"
	write := func(path string, text []byte, mode os.FileMode) {
		check(os.MkdirAll(filepath.Dir(path), 0o755))
		check(os.WriteFile(path, text, mode))
	}
	b, err := json.Marshal(j)
	check(err)
	write(service+".json", b, 0o644)
	own, err := os.ReadFile("/proc/self/exe")
	check(err)
	write(service, own, 0o755)
	write(units+"vm.service", []byte(unit), 0o644)
	// In place of Debian's, which empties /tmp: files of the host may be there.
	write("/run/tmpfiles.d/tmp.conf", nil, 0o644)
	check(os.MkdirAll(units+"multi-user.target.wants", 0o755))
	check(os.Symlink("../vm.service", units+"multi-user.target.wants/vm.service"))
	for _, name := range masked {
		check(os.Symlink("/dev/null", units+name))
	}
	check(unix.Exec("/lib/systemd/systemd", []string{"systemd", "--unit=multi-user.target"}, os.Environ()))
}

// work is the service.
func work() { carryOut(readJob(service + ".json")) }
