#!/bin/bash
# Makes a small Debian tree that a test boots or runs a server in, from the machine's own apt sources, once: a stamp beside it says of what.
# Apart from the tests since it needs the network, which none of them has.
# The Makefile and tests/kernels/ run it: [VARIANT=extract] [SUITE=...] tree.sh DIRECTORY [PACKAGES]. extract: packages are unpacked and not set
# up; SUITE: another Debian than the machine's. A tree that cannot be made is no failure here; why is left in DIRECTORY.why.
set -u
tree=$1
variant=${VARIANT:-minbase}
packages=${2:-systemd-sysv,udev,dbus,nftables,iproute2,procps,libnftnl11,libmnl0,libnl-route-3-200,libinih1,libsqlite3-0,libjansson4,libsodium23,libcurl4,ca-certificates,openssh-server,dropbear-bin,dnsmasq-base,udhcpc}

give_up() {
	mkdir -p "$(dirname "$tree")"
	echo "$*" >"$tree.why"
	exit 0
}
rm -f "$tree.why"
[ "$(id -u)" = 0 ] || give_up "a Debian tree is made by root"
for tool in mmdebstrap systemd-nspawn apt-get; do
	command -v $tool >/dev/null || give_up "$tool is not installed"
done

own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
suite=${SUITE:-$own}
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null | sort -u)
[ "$suite" = "$own" ] || sources=$(grep -v -e "$own-updates" -e "$own-backports" <<<"$sources" |
	sed "s|^deb |deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |; s| $own| $suite|")
[ -n "$sources" ] || give_up "this machine has no apt sources of Debian"
eval "$(apt-config shell proxy Acquire::http::Proxy)"
stamp="$suite $packages${VARIANT:+ $VARIANT}
$sources"
[ "$stamp" != "$(cat "$tree.stamp" 2>/dev/null)" ] || exit 0

echo "  TREE   $tree ($suite, a minute at most, once)"
mkdir -p "$(dirname "$tree")"
rm -rf --one-file-system "$tree.new"
mmdebstrap --quiet --variant="$variant" --include="$packages" --aptopt='Acquire::Languages "none"' \
	${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} "$suite" "$tree.new" - <<<"$sources" >"$tree.log" 2>&1 || {
	rm -rf --one-file-system "$tree.new"
	[ ! -e "$tree.stamp" ] || exit 0 # no network, perhaps: the one of other sources does
	give_up "mmdebstrap could not make a tree: $(grep '^E:' "$tree.log" | head -n 1)"
}
# The first boot asks nothing.
mkdir -p "$tree.new/etc/systemd/system"
ln -sf /dev/null "$tree.new/etc/systemd/system/systemd-firstboot.service"
echo LANG=C.UTF-8 >"$tree.new/etc/locale.conf"
mkdir -p "$tree.new/var/log/journal"
# Servers are there for the tests that start them themselves.
rm -f "$tree.new"/etc/systemd/system/{sshd.service,*.wants/ssh.service,*.wants/dnsmasq.service}
rm -rf "$tree"
mv "$tree.new" "$tree"
printf '%s\n' "$stamp" >"$tree.stamp"
