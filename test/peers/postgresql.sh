#!/usr/bin/env bash
# PostgreSQL 15: private cluster as a non-root user, optional streaming standby, promotion. usage: postgresql.sh up|down|status
#   extra: standby (make+start a streaming standby) | sync on|off | lag | kill-primary (SIGKILL) | stop-primary | promote | rejoin (old primary becomes standby by pg_rewind)
# env: PG_PORT (15432) PG_STANDBY_PORT (15433) PG_DB (app) PG_USER (app) PG_PASSWORD (app-pw) PEER_USER (postgres when root) PG_BIN (/usr/lib/postgresql/15/bin)
#   PG_CONF: extra postgresql.conf lines    PG_FAST=1 (fsync off; never for failover tests)
set -euo pipefail
NAME=postgresql
APT="install -d /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; apt-get install -y --no-install-recommends postgresql"
[ "$(id -u)" = 0 ] && : "${PEER_USER:=postgres}"
#---- common preamble (same text in every peer script; each script stands alone) ----
# PEER_HOME: state folder (default: a mktemp dir, remembered in $TMPDIR/peer-NAME.UID.home)
# PEER_USER: user to run as when started by root (default nobody)
HOSTIP=127.0.0.1; ACT=${1:-}; U=${PEER_USER:-nobody}
PTR=${TMPDIR:-/tmp}/peer-$NAME.$(id -u).home
if [ -z "${PEER_HOME:-}" ]; then
  if [ -s "$PTR" ] && [ -d "$(cat "$PTR")" ]; then PEER_HOME=$(cat "$PTR")
  elif [ "$ACT" = up ]; then PEER_HOME=$(mktemp -d "${TMPDIR:-/tmp}/peer-$NAME.XXXXXX"); chmod 755 "$PEER_HOME"; echo "$PEER_HOME" >"$PTR"
  else case $ACT in ''|-*|help) echo "usage: $0 up|down|status (head of the script: settings and further commands)" >&2; exit 2;; esac
    echo "$NAME: down (no running instance remembered in $PTR; PEER_HOME unset)"; [ "$ACT" = down ] && exit 0 || exit 3; fi
fi
H=$PEER_HOME/$NAME; mkdir -p "$H/run" "$H/log"; umask 022
as() { if [ "$(id -u)" = 0 ] && [ "$U" != root ]; then setpriv --reuid="$U" --regid="$(id -g "$U")" --clear-groups "$@"; else "$@"; fi; }
own() { if [ "$(id -u)" = 0 ] && [ "$U" != root ]; then chown -R "$U:$(id -g "$U")" "$@"; fi; }
stime() { [ -r "/proc/$1/stat" ] && sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }   # start time: guards against pid reuse
start() { # start TAG CMD... : own session => own process group; writes run/TAG.pid "pid starttime"
  local t=$1; shift; alive "$t" && return 0
  local c=(setsid "$@"); if [ "$(id -u)" = 0 ] && [ "$U" != root ]; then c=(setpriv --reuid="$U" --regid="$(id -g "$U")" --clear-groups setsid "$@"); fi
  ( exec "${c[@]}" ) >>"$H/log/$t.log" 2>&1 </dev/null & local p=$!; sleep 0.1; echo "$p $(stime $p)" >"$H/run/$t.pid"; }
alive() { local p s; [ -s "$H/run/$1.pid" ] && read -r p s <"$H/run/$1.pid" && [ -n "$s" ] && [ "$(stime "$p")" = "$s" ]; }
stop() { local p s i; if alive "$1"; then read -r p s <"$H/run/$1.pid"; kill -TERM -- "-$p" 2>/dev/null || kill -TERM "$p" 2>/dev/null || true
    for i in $(seq 100); do alive "$1" || break; sleep 0.1; done; alive "$1" && kill -KILL -- "-$p" 2>/dev/null || true; fi; rm -f "$H/run/$1.pid"; }
wait_http() { local i; for i in $(seq "${2:-150}"); do curl -fsS -o /dev/null --max-time 5 "$1" 2>/dev/null && return 0; sleep 0.1; done; echo "$NAME: $1 did not answer" >&2; return 1; }
wait_tcp() { local i; for i in $(seq "${2:-150}"); do (exec 3<>"/dev/tcp/$HOSTIP/$1") 2>/dev/null && return 0; sleep 0.1; done; echo "$NAME: port $1 did not open" >&2; return 1; }
free_port() { if (exec 3<>"/dev/tcp/$HOSTIP/$1") 2>/dev/null; then echo "$NAME: port $1 is taken" >&2; exit 4; fi; }
need() { local c; for c in "$@"; do command -v "$c" >/dev/null || [ -e "$c" ] || { echo "$NAME: missing $c; run: $APT" >&2; exit 5; }; done; }
#---- end of preamble ----
P1=${PG_PORT:-15432}; P2=${PG_STANDBY_PORT:-15433}; B=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}; DB=${PG_DB:-app}; DU=${PG_USER:-app}; PW=${PG_PASSWORD:-app-pw}; S=$H/run
port() { case $1 in a) echo "$P1";; b) echo "$P2";; esac; }
run() { as "$B/pg_ctl" -D "$H/$1" -w -t 60 "${@:2}" >>"$H/log/pg_ctl.log" 2>&1; }
isup() { [ -s "$H/$1/postmaster.pid" ] && as "$B/pg_ctl" -D "$H/$1" status >/dev/null 2>&1; }
q() { local n=$1; shift; as "$B/psql" -h "$S" -p "$(port "$n")" -U postgres -Atqc "$*" "${QDB:-postgres}"; }
conf() { # node
  cat >"$H/$1/peer.conf" <<C
listen_addresses = '$HOSTIP'
port = $(port "$1")
unix_socket_directories = '$S'
logging_collector = off
max_connections = 300
shared_buffers = 128MB
wal_level = replica
wal_log_hints = on
hot_standby = on
max_wal_senders = 8
max_replication_slots = 8
wal_keep_size = 256MB
password_encryption = 'scram-sha-256'
$([ "${PG_FAST:-0}" = 1 ] && printf 'fsync=off\nfull_page_writes=off\nsynchronous_commit=off\n')
${PG_CONF:-}
C
  grep -q peer.conf "$H/$1/postgresql.conf" || echo "include 'peer.conf'" >>"$H/$1/postgresql.conf"; own "$H/$1/peer.conf"; }
pri() { if isup b && [ "$(q b "select pg_is_in_recovery()")" = f ]; then echo b; else echo a; fi; }   # the node that is primary now
conninfo() { echo "host=$HOSTIP port=$(port "$1") user=repl password=repl-pw application_name=$2"; }
case $ACT in
up) need "$B/initdb"; own "$H"; chmod 755 "$H"
  if [ ! -s "$H/a/PG_VERSION" ]; then free_port "$P1"
    (umask 077; echo "$PW" >"$H/pw"); own "$H/pw"
    as "$B/initdb" -D "$H/a" -U postgres -A scram-sha-256 --auth-local=trust -E UTF8 --locale=C.UTF-8 --pwfile="$H/pw" -k >"$H/log/initdb.log" 2>&1 || { cat "$H/log/initdb.log" >&2; exit 1; }
    echo "host replication repl 127.0.0.1/32 scram-sha-256" >>"$H/a/pg_hba.conf"; fi
  conf a; isup a || { free_port "$P1"; run a -l "$H/log/a.log" start || { tail "$H/log/a.log" >&2; exit 1; }; }
  if [ "$(q a 'select pg_is_in_recovery()')" = f ]; then
    [ "$(q a "select 1 from pg_roles where rolname='repl'")" = 1 ] || q a "create role repl replication login password 'repl-pw'"
    [ "$(q a "select 1 from pg_roles where rolname='$DU'")" = 1 ] || q a "create role \"$DU\" login createdb password '$PW'"
    [ "$(q a "select 1 from pg_database where datname='$DB'")" = 1 ] || q a "create database \"$DB\" owner \"$DU\""; fi
  echo "url=postgres://$DU:$PW@$HOSTIP:$P1/$DB"; echo "multi_url=postgres://$DU:$PW@$HOSTIP:$P1,$HOSTIP:$P2/$DB?target_session_attrs=read-write"; echo "socket_dir=$S"; echo "peer_home=$PEER_HOME";;
standby) isup b && { echo "standby up"; exit 0; }
  if [ ! -s "$H/b/PG_VERSION" ]; then free_port "$P2"; as "$B/pg_basebackup" -d "$(conninfo a standby1)" -D "$H/b" -R -X stream -c fast -C -S standby1; conf b
    sed -i "s/application_name=[a-z0-9_]*/application_name=standby1/" "$H/b/postgresql.auto.conf"; fi
  run b -l "$H/log/b.log" start; [ "$(pri)" = b ] && { echo "node b up; it is the primary"; exit 0; }; for i in $(seq 100); do [ "$(q a "select state from pg_stat_replication where application_name in ('standby1','walreceiver')" )" = streaming ] && break; sleep 0.1; done
  q a "select application_name,state,sync_state from pg_stat_replication"; echo "standby_url=postgres://$DU:$PW@$HOSTIP:$P2/$DB";;
sync) n=$(pri); if [ "$2" = on ]; then q "$n" "alter system set synchronous_standby_names='*'"; else q "$n" "alter system reset synchronous_standby_names"; fi; q "$n" "select pg_reload_conf()" >/dev/null; sleep 0.3; q "$n" "select application_name,sync_state from pg_stat_replication";;
lag) q "$(pri)" "select application_name, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) from pg_stat_replication";;
kill-primary) p=$(head -1 "$H/a/postmaster.pid"); kill -KILL "$p"; for i in $(seq 50); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done; echo "primary $p killed";;
stop-primary) run a -m fast stop; echo stopped;;
promote) t0=$(date +%s%N); run b promote; echo "promoted in $(( ($(date +%s%N)-t0)/1000000 )) ms; in_recovery=$(q b 'select pg_is_in_recovery()')";;
rejoin) isup a && run a -m fast stop || true   # the killed primary must run crash recovery once, pg_rewind does it itself
  rm -f "$H/a/postmaster.pid"; q b "select 1 from pg_replication_slots where slot_name='node_a'" | grep -q 1 || q b "select pg_create_physical_replication_slot('node_a')" >/dev/null
  q b checkpoint; cp "$H/a/peer.conf" "$H/peer.a"; as "$B/pg_rewind" -D "$H/a" --source-server="host=$S port=$P2 user=postgres dbname=postgres" >>"$H/log/rewind.log" 2>&1 || { tail -5 "$H/log/rewind.log" >&2; exit 1; }
  cp "$H/peer.a" "$H/a/peer.conf"; : >"$H/a/standby.signal"; echo "primary_conninfo = '$(conninfo b node_a)'
primary_slot_name = 'node_a'" >>"$H/a/postgresql.auto.conf"; own "$H/a"; run a -l "$H/log/a.log" start; for i in $(seq 50); do [ -n "$(q b 'select 1 from pg_stat_replication')" ] && break; sleep 0.1; done; q b "select application_name,state from pg_stat_replication";;
down) for n in b a; do if isup $n; then run $n -m fast stop || run $n -m immediate stop || true; fi; done; [ -f "$PTR" ] && [ "$(cat "$PTR")" = "$PEER_HOME" ] && rm -f "$PTR"; echo "$NAME: down";;
status) r=3; for n in a b; do if isup $n; then echo "$NAME: node $n up port $(port $n) in_recovery=$(q $n 'select pg_is_in_recovery()')"; r=0; fi; done; [ $r = 0 ] || echo "$NAME: down"; exit $r;;
*) echo "usage: $0 up|down|status|standby|sync on|off|lag|kill-primary|stop-primary|promote|rejoin" >&2; exit 2;;
esac
