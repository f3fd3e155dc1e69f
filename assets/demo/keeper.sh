# Keeps one throw-away PostgreSQL server: makes its data, starts it, then waits for its owner and clears up after it.
# Its standard input is a pipe from the owner, so the owner's death, however it came, reads as end of file here.
#   $1 the folder of server programs   $2 the folder for data/, log and password   $3 seconds to wait for the server
# First it says "made" or "failed". A line "start" is answered by "ready" or "failed"; "keep" leaves all as it is.
PATH=${PATH:+$PATH:}/usr/bin:/bin
trap '' HUP INT TERM
bin=$1 folder=$2 within=$3
if "$bin/initdb" -D "$folder/data" -U postgres --pwfile="$folder/password" --auth=scram-sha-256 \
    --encoding=UTF8 --no-locale --no-sync >"$folder/log" 2>&1; then
    echo made
else
    echo failed
fi
rm -f "$folder/password"
while read -r word; do
    case $word in
    start)
        if "$bin/pg_ctl" start -D "$folder/data" -l "$folder/log" -w -s -t "$within" >/dev/null 2>&1; then
            echo ready
        else
            echo failed
        fi
        ;;
    keep) exit 0 ;;
    esac
done
if [ -f "$folder/data/postmaster.pid" ]; then
    "$bin/pg_ctl" stop -D "$folder/data" -m fast -w -s -t 20 ||
        "$bin/pg_ctl" stop -D "$folder/data" -m immediate -w -s -t 20
fi >/dev/null 2>&1
cd / && rm -rf -- "$folder"
