# Waits for the end of its standard input, then ends the PostgreSQL server
# whose process id came in last and removes its directory. Lines that come in
# are process ids of the postmaster.
dir=$1
trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done

# family prints the living children of the postmaster.
family() {
	if [ -r /proc/self/status ]; then
		grep -ls "^PPid:[[:space:]]*$pid\$" /proc/[0-9]*/status | cut -d / -f 3
	else
		ps -A -o pid= -o ppid= | awk -v parent="$pid" '$2 == parent { print $1 }'
	fi
}

# alive is false for a process that ended and was not collected yet.
alive() {
	kill -0 "$pid" 2>/dev/null || return 1
	if [ -r "/proc/$pid/status" ]; then ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; fi
}

# ours is false when the process id is stale and may belong to somebody else.
ours() {
	[ -n "$pid" ] && [ "$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)" = "$pid" ] && alive
}

segment=$(sed -n 7p "$dir/data/postmaster.pid" 2>/dev/null | awk '{ print $2 }')
if ours; then
	members=$(family)
	# An immediate shutdown first: it gives the kernel back its shared memory.
	kill -QUIT "$pid" 2>/dev/null
	kill -CONT "$pid" $members 2>/dev/null
	tries=0
	while alive && [ $tries -lt 60 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	if alive; then
		kill -STOP "$pid"
		members="$members $(family)"
		kill -KILL $members 2>/dev/null
		kill -KILL "$pid"
	fi
fi
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf "$dir"
exit 0
