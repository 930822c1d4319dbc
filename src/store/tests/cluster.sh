# A throw-away PostgreSQL that lives as long as this script's stdin is open, so that it ends with the process
# that holds the other end, however that one ends. Writes the folder of its socket to stdout once it answers.
set -eu
umask 077
folder=$(mktemp -d /tmp/heal-postgres.XXXXXX)
end() {
  pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT
fail() {
  cat "$folder/log" >&2
  exit 1
}
cd "$folder"
initdb -D "$folder/data" -U heal -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || fail
# No TCP: the folder of the socket is the user's own. Nothing is synced: nothing outlives the script.
settings="-c listen_addresses='' -c unix_socket_directories='$folder' -c max_connections=300"
settings="$settings -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
pg_ctl -D "$folder/data" -l "$folder/log" -w -t 60 -o "$settings" start >/dev/null 2>&1 || fail
echo "$folder"
cat >/dev/null
