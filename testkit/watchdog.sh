# Waits for the end of its standard input, then ends the PostgreSQL server of
# the directory $1 and removes the directory. A line that comes in is the
# process id of the server's first process, an empty one says that it ended.
dir=$1
trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done

# members prints every process of the server: those that work in the directory,
# orphans included, or without /proc the first process and its children.
members() {
	if [ -d /proc/self ]; then
		ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -F -e " -> $dir" | sed 's,.* /proc/\([0-9]*\)/cwd .*,\1,' |
			while read -r member; do
				case $(cat "/proc/$member/comm" 2>/dev/null) in
				postgres | initdb) echo "$member" ;;
				esac
			done
	elif [ -n "$pid" ]; then
		ps -A -o pid= -o ppid= -o state= | awk -v first="$pid" '$3 !~ /^Z/ && ($1 == first || $2 == first) { print $1 }'
	fi
}

segment=$(sed -n 7p "$dir/data/postmaster.pid" 2>/dev/null | awk '{ print $2 }')

# An immediate shutdown first: it gives shared memory back to the kernel.
# Frozen processes must go on to see it.
left=$(members)
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
[ -n "$left" ] && kill -CONT $left 2>/dev/null
tries=0
while [ -n "$left" ] && [ $tries -lt 60 ]; do
	sleep 0.05
	tries=$((tries + 1))
	left=$(members)
done
# What is left does not listen. The second round meets what was being forked.
for round in 1 2; do
	left=$(members)
	[ -n "$left" ] && kill -KILL $left 2>/dev/null
done
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf "$dir"
exit 0
