#!/bin/bash
# The system tests that depend on the kernel, under other kernels than this machine's: Debian's, in QEMU, with or without KVM.
# Facts and counts hold there as anywhere; times do not, since an emulated processor is 10 to 30 times slower. That is why this is
# apart from `make check`, and why the topics below are those that are about the kernel.
# `make check-kernels` calls it with the names of the unit tests, and with BUILD set. KERNELS, TOPICS and SLOW choose.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$root/build}
work=$BUILD/kernels
# VERSION:SUITE of Debian that has it
KERNELS=${KERNELS:-6.1:bookworm 6.12:trixie 5.10:bullseye}
TOPICS=${TOPICS:-$* keep_open counting devices idempotent identity expiry quota mend}
export SLOW=${SLOW:-10}
PACKAGES=bash,coreutils,ethtool,faketime,findutils,gawk,iproute2,iputils-ping,kmod,libcmocka0,libinih1,libjansson4,libsodium23,libmnl0,libnftnl11
PACKAGES+=,libnl-route-3-200,libsodium23,libsqlite3-0,mawk,netbase,nftables,procps,python3,sed,sqlite3,strace,tzdata,util-linux

skip() { # WHY: nothing can be run here
	echo "check-kernels: SKIP: $*"
	exit 0
}
# -- what the guests run on ---------------------------------------------------------------------------------------------
# The archive that this machine's apt uses, for another suite of it.
sources() { # SUITE
	local own
	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	apt-get indextargets --format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Identifier: Packages' 'Origin: Debian' | sort -u | grep -v -e "$own-updates" -e "$own-backports" | sed "s/ $own/ $1/"
}
apt() { # SUITE TOOL WORDS...: apt with lists of its own
	local suite=$1 tool=$2
	shift 2
	"$tool" -q -o Dir::Etc::sourcelist="$work/$suite.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/$suite.lists" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
fetch_kernel() { # VERSION SUITE: into $work/VERSION; what goes wrong into $work/VERSION.why
	local version=$1 suite=$2 package
	[ ! -e "$work/$version/boot" ] || return 0
	mkdir -p "$work/$suite.lists/partial" "$work/$version.deb"
	sources "$suite" >"$work/$suite.list"
	apt "$suite" apt-get update >"$work/$version.why" 2>&1
	package=$(apt "$suite" apt-cache show --no-all-versions linux-image-cloud-amd64 2>>"$work/$version.why" |
		sed -n "s/^Depends:.*\(linux-image-${version//./\\.}\.[0-9][^ ,]*\).*/\1/p")
	[ -n "$package" ] || { echo "no Linux $version in $suite" >>"$work/$version.why"; return 1; }
	(cd "$work/$version.deb" && apt "$suite" apt-get download "$package") >>"$work/$version.why" 2>&1 || return 1
	rm -rf "$work/$version.new"
	dpkg-deb -x "$work/$version.deb"/*.deb "$work/$version.new" && mv "$work/$version.new" "$work/$version"
	rm -rf "$work/$version.deb"
}
archive() { # DIRECTORY FILE [FIND'S WORDS]: as the kernel unpacks it
	local from=$1 to=$2
	shift 2
	(cd "$from" && find . "$@" -print0 | cpio --null --quiet -o -H newc) >"$to.new" && mv "$to.new" "$to"
}
pack_tree() { # the small Debian of this machine's suite, since the program was linked here
	bash "$root/tests/system/lib/tree.sh" "$work/tree" "$PACKAGES"
	[ ! -e "$work/tree.why" ] || skip "$(cat "$work/tree.why")"
	[ "$work/tree.cpio" -nt "$work/tree.stamp" ] ||
		archive "$work/tree" "$work/tree.cpio" \( -path ./usr/share/doc -o -path ./usr/share/man -o -path ./usr/share/locale \
			-o -path ./var/lib/apt -o -path ./var/cache -o -path ./usr/lib/locale \) -prune -o
}
pack_tests() {
	rm -rf "$work/t"
	mkdir -p "$work/t/t/build/tests"
	cp "$BUILD/portflow" "$work/t/t/build/"
	local topic
	for topic in datagram transfer $TOPICS; do
		[ ! -x "$BUILD/tests/$topic" ] || cp "$BUILD/tests/$topic" "$work/t/t/build/tests/"
	done
	cp -r "$root/tests" "$work/t/t/"
	cp "$here/guest.sh" "$work/t/init"
	chmod 755 "$work/t/init"
	archive "$work/t" "$work/t.cpio"
}
pack_modules() { # VERSION -> file
	local release from to=$work/$1.cpio
	[ ! -e "$to" ] || return 0
	from=$(ls -d "$work/$1"/{usr/,}lib/modules/* 2>/dev/null)
	release=${from##*/}
	rm -rf "$work/m"
	mkdir -p "$work/m/usr/lib/modules/$release"
	(cd "$from" && cp --parents -r modules.builtin modules.builtin.modinfo modules.order kernel/net kernel/lib \
		kernel/drivers/net/{veth,dummy,ifb,tun}.ko* kernel/arch/x86/crypto kernel/crypto "$work/m/usr/lib/modules/$release") || return 1
	ln -s usr/lib "$work/m/lib"
	depmod -b "$work/m" "$release"
	archive "$work/m" "$to" -path ./lib -prune -o
}

# -- one kernel ---------------------------------------------------------------------------------------------------------
boot() { # VERSION: the console on stdout
	cat "$work/tree.cpio" "$work/$1.cpio" "$work/t.cpio" >"$work/$1.initrd"
	local accel=(-cpu max -accel 'tcg,thread=multi')
	! grep -qwE "vmx|svm" /proc/cpuinfo || accel=(-cpu host -accel kvm)
	timeout -k 5 "${KERNEL_SECONDS:-3600}" qemu-system-x86_64 -M q35 "${accel[@]}" -smp 2 -m 3072 \
		-kernel "$work/$1"/boot/vmlinuz-* -initrd "$work/$1.initrd" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 portflow.slow=$SLOW portflow.topics=${TOPICS// /,}" \
		-nographic -no-reboot -nic none </dev/null 2>"$work/$1.qemu" | stdbuf -oL tr -d '\r\000'
}
report() { # VERSION; stdin: the console. One line a topic, what failed in full, and the sum
	local kernel=$1 topic='' plan='' line passed=0 failed=0 ok=0 bad=0 skipped=0 shown='' off='' end
	while IFS= read -r line; do
		case $line in
		@@kernel*) kernel=${line#* } && echo "Linux $kernel" ;;
		@@topic*) topic=${line#* } plan='' ok=0 bad=0 skipped=0 shown='' ;;
		@@end*)
			read -r _ end line <<<"$line"
			if [ $bad = 0 ] && { [ "$end" != 0 ] || [ -z "$plan" ]; }; then
				bad=1
				echo "# $topic: exit $end${plan:-, no plan}"
			fi
			[[ $plan != *SKIP* ]] || echo "# $topic: $plan"
			printf '%-18s %3d passed, %d failed, %d skipped, %d s\n' "$topic" $ok $bad $skipped "$line"
			passed=$((passed + ok)) failed=$((failed + bad)) topic=''
			;;
		@@dmesg*) failed=$((failed + 1)) && echo "its log: ${line#* }" ;;
		@@off) off=yes ;;
		'ok '*'# SKIP'*) skipped=$((skipped + 1)) shown='' ;;
		'ok '*) ok=$((ok + 1)) shown='' ;;
		'not ok '*) bad=$((bad + 1)) shown=yes && echo "$topic: $line" ;;
		1..*) plan=$line ;;
		'#! '*) echo "$line" ;;
		'#'*) [ -z "$shown" ] || echo "$line" ;;
		esac
	done
	if [ -z "$off" ]; then
		failed=$((failed + 1))
		echo "the machine stopped${topic:+ in $topic}; its console is in $work/$1.log"
	fi
	echo "Linux $kernel: $passed passed, $failed failed"
	[ $failed = 0 ]
}
one() { # VERSION SUITE
	if ! fetch_kernel "$1" "$2"; then
		echo "Linux $1: SKIP: no such kernel from $2 here ($(grep -E '^(E:|W:|no )' "$work/$1.why" | head -n 1))"
		return 0
	fi
	pack_modules "$1" && boot "$1" | tee "$work/$1.log" | report "$1"
}

[ "$(uname -m)" = x86_64 ] || skip "only for x86_64 so far"
[ "$(id -u)" = 0 ] || skip "needs root"
for tool in qemu-system-x86_64 cpio depmod mmdebstrap apt-get dpkg-deb; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
mkdir -p "$work"
pack_tree
pack_tests
failed=0
for k in $KERNELS; do
	one "${k%%:*}" "${k#*:}" || failed=1
done
exit $failed
