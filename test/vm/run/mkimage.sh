# mkimage.sh DIR: makes DIR/vmlinuz, DIR/root.ext4, and DIR/modules with the
# modules needed to reach the root disk, in the order of DIR/early.modules.
# Reads the package list, one resolver call a line, on standard input.
#
# Packages are unpacked and never installed: no maintainer script runs, nothing
# of the host changes, no root is needed. Each line on standard output is a
# step of progress.
set -eu
umask 022
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
img=$1 root=$1/root apt=$1/apt
rm -rf "$root" "$img/modules"
mkdir -p "$root" "$apt/archives/partial" "$img/modules"
: > "$apt/status"

kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
if [ -z "$kernel" ]; then
  echo "apt knows no linux-image-cloud-amd64; run: apt-get update" >&2
  exit 1
fi

# An empty dpkg status makes the resolver name everything, libc included.
fetch() {
  apt-get -y -qq -o Dir::State::status="$apt/status" -o Dir::Cache::archives="$apt/archives" \
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
    --download-only install "$@" > /dev/null
}
echo "fetching packages and $kernel (about 60 MB)"
while read -r line; do
  line=${line%%#*}
  [ -z "$line" ] || fetch $line
done
# The kernel alone, without what it depends on to be installed.
(cd "$apt" && rm -f linux-image-*.deb && apt-get -qq -o APT::Sandbox::User=root download "$kernel" 2> /dev/null)

set -- "$apt"/archives/*.deb "$apt"/linux-image-*.deb
echo "unpacking $# packages"
for d in bin sbin lib lib64; do mkdir -p "$root/usr/$d"; ln -s "usr/$d" "$root/$d"; done
for d in proc sys dev run tmp root var/lib var/log mnt; do mkdir -p "$root/$d"; done
for deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*'
done

echo "making the root file system"
# What maintainer scripts would have done.
ln -sf dash "$root/usr/bin/sh"
ln -sf mawk "$root/usr/bin/awk"
cat > "$root/etc/passwd" <<E
root:x:0:0:root:/root:/bin/sh
tcpdump:x:101:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
E
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
echo '127.0.0.1 localhost vm' > "$root/etc/hosts"
# With an identity it is no first boot, at which systemd enables every service.
echo 6f626f6c6f626f6c6f626f6c6f626f6c > "$root/etc/machine-id"
echo 'hosts: files' > "$root/etc/nsswitch.conf"
: > "$root/etc/resolv.conf"

v=$(basename "$root"/boot/vmlinuz-*)
v=${v#vmlinuz-}
cp "$root/boot/vmlinuz-$v" "$img/vmlinuz"
rm -rf "$root/boot"
# Only the modules that a network test may want.
m=$root/usr/lib/modules/$v
(cd "$m/kernel" && find . -type f |
  grep -Ev '^\./(crypto|net|lib|arch|drivers/(net/[^/]*$|virtio|char|block/virtio|crypto)|fs/overlayfs)' | xargs -r rm -f)
depmod -b "$root" "$v" 2> /dev/null
: > "$img/early.modules"
for name in virtio_pci virtio_blk virtio_console overlay; do
  # modules.dep: a module, then what it needs, the deepest last
  line=$(grep -E "/$name\.ko[^:]*:" "$m/modules.dep")
  order=
  for k in ${line%%:*} ${line#*:}; do order="$k $order"; done
  for k in $order; do
    grep -qx "$(basename "$k")" "$img/early.modules" && continue
    basename "$k" >> "$img/early.modules"
    cp "$m/$k" "$img/modules/"
  done
done
rm -f "$img/root.ext4"
mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$root" "$img/root.ext4" 512M > /dev/null
rm -rf "$root"
