package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guest is process 1 of the virtual machine: it makes the root file system and becomes
// systemd, or runs the job itself.
func guest() {
	defer func() { // a panic of process 1 panics the kernel, which hides the cause
		fmt.Println("vm init:", recover())
		unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	}()
	mount("proc", "/proc", "proc", "")
	mount("sysfs", "/sys", "sysfs", "")
	mount("devtmpfs", "/dev", "devtmpfs", "")
	j := readJob("/job.json")
	for _, m := range j.Modules {
		insmod(m)
	}
	switchRoot()
	os.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("lo: %v %s", err, out))
	}
	if j.LAN { // no udev does it
		if out, err := exec.Command("modprobe", "virtio_net").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("virtio_net: %v %s", err, out))
		}
	}
	if j.Systemd {
		becomeSystemd(j) // does not return
	}
	carryOut(j)
}

func readJob(path string) *job {
	var j job
	b, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(b, &j))
	return &j
}

// carryOut runs the job and tells the host how it ended, which ends the machine.
func carryOut(j *job) {
	p := openPort("job")
	p.send(frameReady, nil)
	code := spawn(j, p)
	for _, r := range j.Return {
		sendBack(p, r)
	}
	p.send(frameExit, strconv.AppendInt(nil, int64(code), 10))
	time.Sleep(5 * time.Second) // the host ends the machine
	panic("still here")
}

// switchRoot makes / of the read-only disk, the host's files over it, and a
// memory file system over both.
func switchRoot() {
	waitFor("/dev/vda") // the disk is probed in the background
	check(os.MkdirAll("/disk", 0o755))
	check(unix.Mount("/dev/vda", "/disk", "ext4", unix.MS_RDONLY, ""))
	mount("tmpfs", "/over", "tmpfs", "")
	check(os.MkdirAll("/over/up", 0o755))
	check(os.MkdirAll("/over/work", 0o755))
	mount("overlay", "/root", "overlay", "lowerdir=/host:/disk,upperdir=/over/up,workdir=/over/work")
	for _, d := range []string{"/proc", "/sys", "/dev"} {
		check(os.MkdirAll("/root"+d, 0o755))
		check(unix.Mount(d, "/root"+d, "", unix.MS_MOVE, ""))
	}
	// A chroot alone makes "ip netns exec" fail: it mounts over /sys, which
	// wants / to be a mount point.
	check(os.Chdir("/root"))
	check(unix.Mount(".", "/", "", unix.MS_MOVE, ""))
	check(unix.Chroot("."))
	check(os.Chdir("/"))
	for _, d := range []string{"/tmp", "/var/tmp"} {
		check(os.MkdirAll(d, 0o755))
		check(os.Chmod(d, 0o1777))
	}
	mount("tmpfs", "/run", "tmpfs", "mode=755")
	mount("devpts", "/dev/pts", "devpts", "")
	// What udev would make of modules.devname: the kernel loads tun when it is opened.
	check(os.MkdirAll("/dev/net", 0o755))
	check(unix.Mknod("/dev/net/tun", unix.S_IFCHR|0o666, int(unix.Mkdev(10, 200))))
	mount("tmpfs", "/dev/shm", "tmpfs", "mode=1777")
	check(os.Symlink("/proc/self/fd", "/dev/fd"))
	os.Remove("/var/run")
	check(os.Symlink("/run", "/var/run"))
	check(os.MkdirAll("/run/netns", 0o755))
	check(unix.Sethostname([]byte("vm")))
}

// sendBack sends a file, or all files below a directory, to the host.
func sendBack(p *port, r pair) {
	filepath.WalkDir(r.From, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				p.send(frameStderr, fmt.Appendf(nil, "vm: %v\n", err))
				return nil
			}
			to := r.To + strings.TrimPrefix(name, r.From)
			p.send(frameFile, append([]byte(to+"\x00"), b...))
		}
		return nil
	})
}

func insmod(path string) {
	f, err := os.Open(path)
	check(err)
	defer f.Close()
	var flags int
	if !strings.HasSuffix(path, ".ko") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && err != syscall.EEXIST {
		panic(fmt.Sprintf("%s: %v", path, err))
	}
}

func mount(src, dst, typ, opt string) {
	check(os.MkdirAll(dst, 0o755))
	if err := unix.Mount(src, dst, typ, 0, opt); err != nil && err != syscall.EBUSY {
		panic(fmt.Sprintf("mount %s: %v", dst, err))
	}
}

// waitFor waits up to five seconds for a file to appear.
func waitFor(path string) {
	for range 500 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	panic("no " + path)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
