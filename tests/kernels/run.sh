#!/bin/bash
# The system tests that depend on the kernel, under other kernels than this machine's: Debian's, in QEMU, with or without KVM.
# Without, their clock is the instructions they have done: rates up to 100 mbit hold there as facts do, costs do not, and it takes long.
# That is why this is apart from `make check`, and why the topics below are those that are about the kernel.
# `make check-kernels` calls it with the names of the unit tests, and with BUILD set. KERNELS, TOPICS and SLOW choose.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$root/build}
work=$BUILD/kernels
# VERSION:SUITE of Debian that has it
KERNELS=${KERNELS:-6.1:bookworm 6.12:trixie} # and 5.10:bullseye
SOME="$* keep_open counting wire ours devices idempotent identity expiry deadlines near_deadline cycles quota small_quota quota_command"
SOME+=" burst mend shape ifb debt rates links"
MORE="carry overshoot flaps mend_enforce messages bucket senders status open_connections neighbours confirm campaign campaign_enforce fault fault_enforce"
TOPICS=${TOPICS:-$SOME}
[ "$TOPICS" != all ] || TOPICS="$SOME $MORE" KERNEL_SECONDS=${KERNEL_SECONDS:-10800}
export SLOW=${SLOW:-5}
PACKAGES=bash,coreutils,ethtool,faketime,findutils,gawk,iperf3,iproute2,iputils-ping,kmod,libcmocka0,libinih1,libjansson4,libsodium23,libmnl0,libnftnl11
PACKAGES+=,libnl-route-3-200,libcurl4,libsqlite3-0,mawk,netbase,nftables,openssl,ppp,procps,python3,python3-aiosmtpd,python3-jsonschema,sed,sqlite3,strace,tzdata
PACKAGES+=,util-linux,wireguard-tools

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
	[ -z "$(compgen -G "$work/$version/boot/config-*[0-9]-amd64")" ] || return 0
	mkdir -p "$work/$suite.lists/partial" "$work/$version.deb"
	sources "$suite" >"$work/$suite.list"
	apt "$suite" apt-get update >"$work/$version.why" 2>&1
	package=$(apt "$suite" apt-cache show --no-all-versions linux-image-amd64 2>>"$work/$version.why" |
		sed -n "s/^Depends:.*\(linux-image-${version//./\\.}\.[0-9][^ ,]*\).*/\1/p")
	[ -n "$package" ] || { echo "no Linux $version in $suite" >>"$work/$version.why"; return 1; }
	(cd "$work/$version.deb" && apt "$suite" apt-get download "$package") >>"$work/$version.why" 2>&1 || return 1
	rm -rf "${work:?}/$version" "$work/$version.cpio" "$work/$version.new"
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
		archive "$work/tree" "$work/tree.cpio" -regextype egrep -regex \
			'\./(usr/share/(doc/[^n][^/]*|man|info|locale|i18n|perl5?|bash-completion|zoneinfo/(right|posix))|usr/bin/perl.*|usr/lib/(locale|apt|udev|systemd|python3.*/(ensurepip|idlelib|pydoc_data))|usr/lib/[^/]*/(perl.*|gconv|libperl.*|libapt.*|libstdc.*)|var/(cache|lib/(apt|dpkg))|boot)' \
			-prune -o
}
pack_tests() {
	rm -rf "$work/t"
	mkdir -p "$work/t/t/build/tests"
	cp "$BUILD"/portflow{,-net} "$work/t/t/build/"
	local topic
	for topic in ask arrivals datagram fell probe transfer $TOPICS; do
		[ ! -x "$BUILD/tests/$topic" ] || cp "$BUILD/tests/$topic" "$work/t/t/build/tests/"
	done
	cp -r "$root/tests" "$work/t/t/"
	mkdir -p "$work/t/t/docs"
	cp -r "$root/docs/schema" "$work/t/t/docs/"
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
		kernel/drivers/net/{veth,dummy,ifb,tun,macvlan}.ko* kernel/drivers/net/{wireguard,ppp,slip} kernel/arch/x86/crypto kernel/crypto \
		"$work/m/usr/lib/modules/$release") || return 1
	rm -rf "$work/m/usr/lib/modules/${release:?}/kernel/net"/{6lowpan,9p,atm,ax25,batman-adv,bluetooth,can,ceph,ieee802154,mac80211,mac802154,netrom,nfc,rds,rfkill,rose,rxrpc,smc,sunrpc,tipc,wireless}
	ln -s usr/lib "$work/m/lib"
	depmod -b "$work/m" "$release"
	archive "$work/m" "$to" -path ./lib -prune -o
}

# -- one kernel ---------------------------------------------------------------------------------------------------------
boot() { # VERSION: the console on stdout
	cat "$work/tree.cpio" "$work/$1.cpio" "$work/t.cpio" >"$work/$1.initrd"
	# One processor, and an old model, which has less to emulate. Its clock is the instructions it has done: it is as fast as a slow
	# machine however busy this one is, and to wait takes it no time at all. norandmaps: what is translated is kept by its address, so
	# that a program that is always at the same one is translated once (half of what a shell script takes).
	local accel=(-cpu qemu64 -accel "tcg,thread=single" -smp 1 -icount "shift=1,sleep=off" -rtc clock=vm)
	! grep -qwE "vmx|svm" /proc/cpuinfo || accel=(-cpu host -accel kvm -smp 2)
	rm -f "$work/$1.pid"
	timeout -k 5 "${KERNEL_SECONDS:-3600}" qemu-system-x86_64 -M q35 "${accel[@]}" -m 2048 -pidfile "$work/$1.pid" \
		-kernel "$work/$1"/boot/vmlinuz-* -initrd "$work/$1.initrd" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off norandmaps rcupdate.rcu_expedited=1 portflow.slow=$SLOW portflow.topics=${TOPICS// /,}$(chosen)" \
		-nographic -no-reboot -nic none </dev/null 2>"$work/$1.qemu" | stdbuf -oL tr -d '\r\000'
}
chosen() { # what the topics are to do, as the environment has it: for the kernel's command line, where a word has no spaces
	local name value
	for name in RATES BUCKETS STEP STEPS SEED TORTURE; do
		value=${!name:-}
		[ -z "$value" ] || printf ' portflow.%s=%s' "$name" "${value// /.}"
	done
}
spent() { # VERSION: seconds of processor that its machine has taken
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%d", ($12 + $13) / hz }' "/proc/$(cat "$work/$1.pid")/stat" 2>/dev/null || echo 0
}
report() { # VERSION; stdin: the console. One line a topic, what failed in full, and the sum
	local kernel=$1 topic='' plan='' line passed=0 failed=0 ok=0 bad=0 skipped=0 shown='' off='' end idle cpu before=0
	while IFS= read -r line; do
		case $line in
		@@kernel*) kernel=${line#* } && echo "Linux $kernel" ;;
		@@topic*) topic=${line#* } plan='' ok=0 bad=0 skipped=0 shown='' ;;
		@@end*)
			read -r _ end line idle <<<"$line"
			cpu=$(spent "$1")
			if [ $bad = 0 ] && { [ "$end" != 0 ] || [ -z "$plan" ]; }; then
				bad=1
				echo "# $topic: exit $end${plan:-, no plan}"
			fi
			[[ $plan != *SKIP* ]] || echo "# $topic: $plan"
			printf '%-18s %3d passed, %d failed, %d skipped, %d s (%d s of processor, %d s idle)\n' "$topic" $ok $bad $skipped "$line" \
				$((cpu - before)) "$idle"
			before=$cpu
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
one() { # VERSION; leaves $work/VERSION.failed
	rm -f "$work/$1.failed"
	boot "$1" | tee "$work/$1.log" | report "$1" || touch "$work/$1.failed"
}

[ "$(uname -m)" = x86_64 ] || skip "only for x86_64 so far"
[ "$(id -u)" = 0 ] || skip "needs root"
for tool in qemu-system-x86_64 cpio depmod mmdebstrap apt-get dpkg-deb; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
mkdir -p "$work"
pack_tree
pack_tests
versions=
for k in $KERNELS; do
	version=${k%%:*}
	if ! fetch_kernel "$version" "${k#*:}"; then
		echo "Linux $version: SKIP: no such kernel from ${k#*:} here ($(grep -E '^(E:|W:|no )' "$work/$version.why" | head -n 1))"
	elif pack_modules "$version"; then
		versions+=" $version"
	else
		exit 1
	fi
done
failed=0
for version in $versions; do # as many at a time as there are processors
	while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	one "$version" | sed -u "s/^/$version: /" &
done
wait
for version in $versions; do [ ! -e "$work/$version.failed" ] || failed=1; done
exit $failed
