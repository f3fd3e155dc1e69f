# Keeps one throw-away PostgreSQL server: starts it, then waits for its owner and clears up after it.
# Its standard input is a pipe from the owner, so the owner's death, however it came, reads as end of file here.
#   $1 pg_ctl   $2 the folder that holds data/ and log   $3 seconds to wait for the server
# It says "ready" once the server accepts connections, or "failed". A line "keep" leaves all as it is.
trap '' HUP INT TERM
if "$1" start -D "$2/data" -l "$2/log" -w -s -t "$3" >/dev/null 2>&1; then
    echo ready
else
    echo failed
fi
word=
read -r word || :
[ "$word" = keep ] && exit 0
[ -f "$2/data/postmaster.pid" ] && {
    "$1" stop -D "$2/data" -m fast -w -s -t 20 || "$1" stop -D "$2/data" -m immediate -w -s -t 20
} >/dev/null 2>&1
cd / && rm -rf -- "$2"
