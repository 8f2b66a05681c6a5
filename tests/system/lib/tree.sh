#!/bin/bash
# Makes the small Debian tree that the tests boot, from the machine's own apt sources, once: a stamp beside it says of what.
# Apart from boot.sh since it needs the network, which no test has.
# The Makefile and tests/kernels/ run it: tree.sh DIRECTORY [PACKAGES]. A tree that cannot be made is no failure here; why is left in DIRECTORY.why.
set -u
tree=$1
packages=${2:-systemd-sysv,udev,dbus,nftables,iproute2,procps,libnftnl11,libmnl0,libnl-route-3-200,libinih1,libsqlite3-0,libjansson4,libsodium23,libcurl4,ca-certificates,openssh-server,dropbear-bin,dnsmasq-base,udhcpc}

give_up() {
	mkdir -p "$(dirname "$tree")"
	echo "$*" >"$tree.why"
	exit 0
}
rm -f "$tree.why"
[ "$(id -u)" = 0 ] || give_up "a tree to boot is made by root"
for tool in mmdebstrap systemd-nspawn apt-get; do
	command -v $tool >/dev/null || give_up "$tool is not installed"
done

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null | sort -u)
[ -n "$sources" ] || give_up "this machine has no apt sources of Debian"
eval "$(apt-config shell proxy Acquire::http::Proxy)"
stamp="$suite $packages
$sources"
[ "$stamp" != "$(cat "$tree.stamp" 2>/dev/null)" ] || exit 0

echo "  TREE   $tree ($suite, about a minute, once)"
mkdir -p "$(dirname "$tree")"
rm -rf "$tree.new"
mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Languages "none"' \
	${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} "$suite" "$tree.new" - <<<"$sources" >"$tree.log" 2>&1 || {
	rm -rf "$tree.new"
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
