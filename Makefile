# make         builds bin/obold and bin/obol
# make install the programs, the systemd unit and its user, below PREFIX and DESTDIR
# make test    everything that is tested: as root, on Debian, it installs what it needs
# make demo    the note's tunnel between two routers on this machine (root); make demo-vm in a virtual machine
# make interop strongSwan and Libreswan as peers, in a virtual machine (root)
# make bench   obold and strongSwan's charon as responders, processor time a tunnel (root)
# make bench-tunnels  a thousand tunnels brought up, rekeyed and removed, beside charon's (root)
# make bench-dataplane  a TCP stream through the userspace data plane and through those of others (root)
# make soak    faults, bad networks, rekeys and reloads at length, with a report (root)
# make lab-sockets  what the laboratory says of 200 generated pairs, against daemons on sockets (root)
# make image   a container image with nothing but the two programs

SHELL := /bin/sh
.DELETE_ON_ERROR:

# sudo often leaves Go's own directory out of the path.
export PATH := $(PATH):/usr/local/go/bin
# Where Go and the virtual machine keep their caches, if the caller has no home.
HOME ?= $(shell getent passwd $$(id -u) | cut -d: -f6)
export HOME
# Static programs, the same from any directory. Under sudo git refuses to speak
# of another user's repository, so builds carry no commit.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -buildvcs=false

FUZZTIME ?= 10m
TAGS := netns,vm,image,bench,page,boot

# Packages whose tests need a namespace, or a kernel of their own.
tagged = $(shell grep -rlE '^//go:build .*\b$(1)\b' --include='*_test.go' . | xargs -r -n1 dirname | sort -u)

.PHONY: all build install lint unit test netns page vm busy vm-image interop bench bench-dataplane bench-tunnels soak soak-scenarios soak-faults soak-lifetimes soak-kernel soak-flows soak-crossings soak-boot lab-sockets image image-test demo demo-vm fuzz packages clean go

all: build

go:
	@command -v go >/dev/null || { echo "make: Go 1.26 is needed: neither in PATH nor in /usr/local/go/bin (https://go.dev/dl/)" >&2; exit 1; }

build: go
	go build -ldflags='-s -w' -o bin/ ./cmd/...

# PREFIX is where the programs go. With DESTDIR nothing of this machine is touched:
# that is for packages.
PREFIX ?= /usr/local
UNITS ?= /usr/lib/systemd/system
SYSUSERS ?= /usr/lib/sysusers.d

install: build
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/bin bin/obold bin/obol
	install -D -m 0644 -t $(DESTDIR)$(UNITS) configs/obold.service
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|' $(DESTDIR)$(UNITS)/obold.service
	install -D -m 0644 configs/obol.sysusers $(DESTDIR)$(SYSUSERS)/obol.conf
	install -d -m 0750 $(DESTDIR)/etc/obol
	[ -n "$(DESTDIR)" ] || { systemd-sysusers obol.conf && chgrp obol /etc/obol && systemctl daemon-reload; }

lint: go
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { printf 'not formatted with gofmt:\n%s\n' "$$bad" >&2; exit 1; }
	go vet -tags=$(TAGS) ./...
	go tool staticcheck -tags=$(TAGS) ./...

# Unit and scenario tests: no root, no network.
unit: go
	go test ./...

# What is short above, at length, a part after the other: what they say is written down in
# docs/soak.txt. make soak SOAK=kernel runs one part.
SOAK ?= scenarios faults lifetimes kernel flows crossings boot
soak: vm-image
	@test/soak docs/soak.txt $(SOAK)

# Bad networks, collisions, and stories of anything in any order, with a thousand seeds each.
soak-scenarios: go
	go test -count=1 -v -timeout=1h -run 'TestScenarios|TestCollisions|TestEndings|TestStories' ./test/scenario ./ikev2 -soak 1000

# The table of docs/faults.md in virtual time.
soak-faults: go
	go test -count=1 -v -timeout=1h -run 'TestFaults$$' ./test/scenario -faults 300

# Sixty pairs and ten IKE SAs that expire, under 500 packets a second, in virtual time.
soak-lifetimes: go
	go test -count=1 -v -timeout=1h -run 'TestRekeysByLifetime|TestRekeyUnderFlow|TestRekeysCross' ./test/scenario -soak 1

# The faults that need a kernel, the reload of a hundred tunnels, a hub of twenty spokes.
soak-kernel: VM_TIMEOUT = 60m
soak-kernel: vm-image
	$(in_vm) ./test/note -run 'TestFaults|TestFullDisk|TestReload$$|TestHub' -faults -tunnels 100 -spokes 20

# Twenty handovers and sixty rekeyings of each pair of routers: one flow at a time, as the
# machine is slow.
soak-flows: vm-image
	$(in_vm) ./test/note -parallel=1 -run 'TestHandOver|TestRekeyUnderFlow' -handovers 20 -rekeys 60

# Rekeyings that cross charon's, thirty of either end, and ten of the IKE SA of version 2.
soak-crossings: vm-image
	$(in_vm) ./test/interop -run TestRekeysCross -crossings 30

# The installed service in two machines that boot Debian's systemd.
BOOT := $(CURDIR)/build/boot
soak-boot: vm-image
	$(MAKE) --no-print-directory install DESTDIR=$(BOOT)
	VM_COPY=$(BOOT)=/:$(CURDIR)/docs/journal.md \
		go test -count=1 -v -timeout=$(VM_TIMEOUT) -tags=boot -exec '$(CURDIR)/bin/vmrun -systemd -pair' ./test/boot

# The verdicts of the laboratory on generated pairs, eight at a time between daemons;
# make netns does this with 24.
lab-sockets: go
	go test -count=1 -v -tags=netns -timeout=1h -run TestVerdictsOfDaemons ./test/lab -pairs 200

# Tests in network namespaces of this machine (root), and in virtual machines with a
# kernel of known abilities: most of them wait, so packages run side by side. (Of
# several packages in one go test nothing would be seen for minutes.)
netns_tests = $(addprefix in-netns/,$(call tagged,netns))
longest = in-vm/./test/note in-vm/./xfrm in-netns/./test/netns # the others fit beside these
vm_tests = $(addprefix in-vm/,$(filter-out ./test/interop,$(call tagged,vm)))

netns: go
	@$(MAKE) --no-print-directory -j2 $(netns_tests)

vm: vm-image
	@$(MAKE) --no-print-directory -j2 $(vm_tests)

in-netns/%:
	go test -count=1 -v -parallel=4 -tags=netns $*

# The tests of a package that stand in files for the virtual machine; unit ran the others.
in-vm/%:
	$(in_vm) $* -run "^($$(grep -lE '^//go:build .*\bvm\b' $*/*_test.go | xargs sed -n 's/^func \(Test[A-Za-z0-9]*\)(.*/\1/p' | paste -sd'|'))$$"

# The page of obol lab in a browser.
page: go
	go test -count=1 -v -tags=page ./test/page

# Other people's daemons as peers: strongSwan's charon and Libreswan's pluto.
interop: VM_TIMEOUT = 90m
interop: vm-image
	$(in_vm) ./test/interop

# Figures, not tests: nothing fails for being slow.
bench: go
	@test/packages bench
	go test -count=1 -run '^$$' -bench . -benchtime 5s ./ikev1
	go test -count=1 -run '^$$' -bench Memory -benchtime 1x ./internal/engine
	go test -count=1 -tags=bench -run '^$$' -bench 'Responder|Standing' -benchtime 1x ./test/bench

# Ten, a hundred and a thousand tunnels between two daemons of one kind: docs/tunnels.md.
bench-tunnels: go
	@test/packages bench
	go test -count=1 -tags=bench -timeout=1h -run '^$$' -bench Tunnels -benchtime 1x ./test/bench

bench-dataplane: go
	@test/packages bench
	go test -count=1 -tags=bench -run '^$$' -bench . -benchtime 1x ./test/speed

vm-image: build
	go build -o bin/vmrun ./test/vm/run
	bin/vmrun -prepare

VM_TIMEOUT = 30m
in_vm = VM_COPY=$(CURDIR)/bin/obold:$(CURDIR)/bin/obol:$(CURDIR)/configs:$(CURDIR)/docs/faults.md \
	go test -count=1 -v -parallel=4 -timeout=$(VM_TIMEOUT) -tags=vm -exec $(CURDIR)/bin/vmrun

image: build
	test/image/build

image-test: image
	go test -count=1 -v -tags=image ./test/image

packages:
	@test/packages

# Everything side by side, the longest first; lint and unit tests, which keep the
# processors busy, one after the other beside those that wait.
test: go packages vm-image
	@$(MAKE) --no-print-directory -j4 $(longest) busy $(filter-out $(longest),$(vm_tests) $(netns_tests))
	@echo '== image test'; $(MAKE) --no-print-directory image-test
	@echo 'test: ok'

busy:
	@echo '== lint';                    $(MAKE) --no-print-directory lint
	@echo '== unit and scenario tests'; $(MAKE) --no-print-directory unit
	@echo '== the page in a browser';   $(MAKE) --no-print-directory page

# Where this kernel lacks ESP or GRE the daemons carry the tunnel themselves.
demo: go
	@test/packages demo
	@$(MAKE) --no-print-directory build
	@go build -o bin/demo ./test/demo
	@bin/demo

demo-vm: go
	@test/packages demo-vm
	@$(MAKE) --no-print-directory build
	@go build -o bin/demo ./test/demo && go build -o bin/vmrun ./test/vm/run
	@bin/demo -vm bin/vmrun

# Every target of test/fuzz.txt, FUZZTIME each.
fuzz: go
	test/fuzz $(FUZZTIME)

clean:
	rm -rf bin build
