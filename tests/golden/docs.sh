#!/bin/bash
# What is made from the tables is committed as it would be made now, and true: sample INI, manual, completion.
# Every default of the sample is uncommented once, every command has its place.
# tests/run calls; `make docs` writes them anew.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
n=0
result() { # CODE NAME: $scratch/why says why
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else
		echo "not ok $n - $2"
		sed 's/^/# /' "$scratch/why" | head -n 40
	fi
	: >"$scratch/why"
}

"$BUILD/docgen" ini | diff etc/portflow.ini - >"$scratch/why"
result $? "etc/portflow.ini is up to date"
for page in man/portflow.8 man/portflow.ini.5; do
	"$BUILD/docgen" man <"$page.in" | diff "$page" - >"$scratch/why"
	result $? "$page is up to date"
done

"$PORTFLOW" check etc/portflow.ini >"$scratch/why" 2>&1
result $? "the sample is correct"
# The comment above a key says which other key of its section it needs: that one is uncommented with it, and what that one needs.
uncommented() { # LINE
	awk -v want="$1" '
		/^#?\[/ { section++ }
		{ text[NR] = $0; of[NR] = section }
		match($0, /needs [a-z_]*\)$/) { needs[NR + 1] = substr($0, RSTART + 6, RLENGTH - 7) }
		END {
			for (more = want; more; ) {
				take[more] = 1
				name = needs[more]
				more = 0
				for (i = 1; name && i <= NR; i++)
					if (of[i] == of[want] && !take[i] && index(text[i], "#" name " = ") == 1) more = i
			}
			# who names a target needs its section
			told = text[want] ~ /^#notify = /
			for (i = 1; i <= NR; i++) {
				if (text[i] ~ /^#\[notify /) target = 1
				if (target && text[i] ~ /^#(token|password|secret|url_file) = /) continue
				print take[i] || (target && told && text[i] ~ /^#[a-z[]/) ? substr(text[i], 2) : text[i]
			}
		}' etc/portflow.ini
}
targets=$(grep -n '^#\[notify ' etc/portflow.ini | head -n 1 | cut -d: -f1)
grep -n '^#[a-z_]* = ' etc/portflow.ini | while IFS=: read -r line key; do
	[[ $key != '#addresses'* && $key != '#entries'* ]] || continue
	[ "$line" -lt "$targets" ] || continue
	uncommented "$line" | "$PORTFLOW" check - >"$scratch/out" 2>&1 || { echo "line $line, uncommented:"; cat "$scratch/out"; }
done >"$scratch/why"
[ ! -s "$scratch/why" ]
result $? "the sample is correct with each of its keys uncommented"
sed -E '/^#\[address/,$ { /^#(token|password|secret|url_file) = /d; s/^#([a-z[])/\1/; }' etc/portflow.ini | "$PORTFLOW" check - >"$scratch/why" 2>&1
result $? "the sample's address, quota and notify sections too"

# Behind "(default" stands the default, behind "(example" anything. The keys that others need are there on both sides.
sed '/^#\[address/,$d; /^#\(quota\|burst_rate\|burst_limit\) = /s/^#//' etc/portflow.ini >"$scratch/needed.ini"
sed '/(default[;)]/{n;s/^#//}' "$scratch/needed.ini" >"$scratch/defaults.ini"
diff <("$PORTFLOW" -c "$scratch/needed.ini" config show) <("$PORTFLOW" -c "$scratch/defaults.ini" config show) >"$scratch/why" 2>&1
result $? "the defaults of the sample are the defaults"
! grep -E '^(limit|quota|burst|expires)[a-z_]* = ' etc/portflow.ini >"$scratch/why"
result $? "the sample limits and blocks nothing"

for key in $(grep -o '^KEY(.name = "[a-z_]*"' src/config/keys.def | cut -d'"' -f2 | sort -u); do
	grep -q "^\.It Ic $key " man/portflow.ini.5 || echo "portflow.ini.5 lacks $key"
	grep -q "^#\{0,1\}$key = " etc/portflow.ini || echo "the sample lacks $key"
done >"$scratch/why"
[ ! -s "$scratch/why" ]
result $? "every key is in the manual and in the sample"

# All INI lines of a README, sections of one name put together, are a configuration.
examples() { # FILE
	awk '/^    \[[a-z]+( [a-zA-Z0-9-]+)?\]$/ { section = $0; on = 1; if (!(section in at)) { at[section] = ++n; name[n] = section } next }
		on && /^    [a-z_]+ = / { if (!((section, $0) in seen)) { seen[section, $0] = 1; lines[at[section]] = lines[at[section]] $0 "\n" } next }
		{ on = 0 }
		END { for (i = 1; i <= n; i++) printf "%s\n%s\n", name[i], lines[i] }' "$1" | sed 's/^    //'
}
for readme in README.md README.zh-CN.md; do
	examples "$readme" >"$scratch/examples.ini"
	{ [ "$(grep -c '^\[' "$scratch/examples.ini")" -ge 4 ] && "$PORTFLOW" check - <"$scratch/examples.ini"; } >"$scratch/why" 2>&1
	result $? "the examples of $readme are a configuration"
done
# What happens has words in each language.
for kind in $(grep -ohE 'pass_event\(p, [^,]+, "[a-z_]+"' src/run/*.c | cut -d'"' -f2 | sort -u); do
	grep -q "^TELL(\"$kind\"," src/view/i18n.def || echo "src/view/i18n.def lacks $kind"
done >"$scratch/why"
[ ! -s "$scratch/why" ]
result $? "every event has words in each language"

for page in man/portflow.8 man/portflow.ini.5; do
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" >"$scratch/why" 2>&1
		result $? "mandoc is content with $page"
	fi
	if [ -e /usr/share/groff/current/tmac/mdoc.tmac ]; then
		groff -ww -mdoc -Tutf8 "$page" 2>"$scratch/why" >"$scratch/page"
		[ ! -s "$scratch/why" ]
		result $? "groff is content with $page"
	fi
done

mapfile -t commands < <("$PORTFLOW" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\( [a-z-]\{2,\}\)\{0,1\}\)\( \{2,\}.*\| [[A-Z].*\|$\)/\1/p')
for command in "${commands[@]}"; do
	grep -q "^\.It Ic $command\( No .*\)\?$" man/portflow.8 || echo "portflow.8 lacks $command"
done >"$scratch/why"
[ ! -s "$scratch/why" ] && [ "${#commands[@]}" -ge 1 ]
result $? "the manual has every command"

# shellcheck source=/dev/null
. "$BUILD/completion/portflow"
complete_is() { # WANTED WORD...: the last word is being written
	local wanted=$1
	shift
	COMP_WORDS=(portflow "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_portflow
	[ "${COMPREPLY[*]}" = "$wanted" ] || echo "$*: ${COMPREPLY[*]}, not $wanted" >"$scratch/why"
	[ ! -s "$scratch/why" ]
	result $? "completion of: portflow $*"
}
complete_is "apply" ap
complete_is "show" config ""
complete_is "set-used" quota s
complete_is "auto always never" --color ""
complete_is "never" apply --color = n
complete_is "--version" apply --ver
complete_is "--adopt" apply --ad
complete_is "etc/portflow.ini" check etc/portflow.i
complete_is "etc/portflow.ini" -c etc/portflow.i
echo "1..$n"
