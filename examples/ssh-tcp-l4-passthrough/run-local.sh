#!/bin/sh
# The example without containers: the same configuration files, on one Linux machine, on loopback.
# A real edge passes TLS through, a real gateway ends it, a real sshd is behind it, and a real ssh goes
# through `postern tcp`. It checks what the guide says about the logs, and removes everything it made.
#
# Rules of this file: every process is ended by its id, every wait has a limit, the system's own files
# stay as they are.
set -eu
umask 077

usage() {
  cat <<'END'
Usage: run-local.sh [OPTIONS]

Runs SSH through an L4 edge and the gateway on this machine, and checks the logs.

Options:
  --edge nginx|haproxy  the edge (default: nginx)
  --proxy-protocol      the edge tells the client's address by the PROXY protocol
  --keep                leave the configurations, certificates and logs where they are
  --hold                only start sshd, gateway and edge, and leave the rest to you until Ctrl-C
  --help                print this

As root, ssh signs in as "demo" with a password, on a host called "sshd": both exist in a namespace of
that one sshd only. As anybody else, or where namespaces are not allowed, ssh signs in with a key, as you.

Environment:
  NODE   the Node.js to run postern with (default: the one of this checkout)

Exit codes: 0 when every step went as the guide says, 1 when one did not, 2 for a wrong option.
END
}

say() { printf 'run-local: %s\n' "$1"; }

fail() {
  printf 'run-local: error: %s\n' "$1" >&2
  exit 1
}

edge=nginx
is_proxied=no
is_kept=no
is_held=no
while [ $# -gt 0 ]; do
  case $1 in
    --edge) shift && edge=${1:-} ;;
    --edge=*) edge=${1#--edge=} ;;
    --proxy-protocol) is_proxied=yes ;;
    --keep) is_kept=yes ;;
    --hold) is_held=yes ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  [ $# -gt 0 ] && shift
done
case $edge in
  nginx | haproxy) ;;
  *) usage >&2 && exit 2 ;;
esac

example=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$example/../.." && pwd)
main=$root/src/cli/main.ts
node=${NODE:-$root/node_modules/node/bin/node}
# Where systems keep servers, which ordinary users have no need to find.
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin
host=ssh.demo.example.com
# The edge reaches the gateway from here; clients come from 127.0.0.1.
edge_address=127.0.0.2
copied_bytes=1048576
# No start and no log line takes this long, in tenths of a second.
max_tenths=300
# Nor does any end.
max_end_tenths=100

[ "$(uname -s)" = Linux ] || fail 'this needs Linux: the edge has a loopback address of its own'
[ -x "$node" ] || fail "\"$node\" is not there: run \"npm ci\" in $root"
for program in openssl ssh sshd ssh-keygen "$edge"; do
  command -v "$program" >/dev/null || fail "\"$program\" is not installed"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/postern-l4.XXXXXX")
logs=$work/logs
pids=
has_made_run_sshd=no

clean_up() {
  code=$?
  trap '' INT TERM HUP
  # The last first: whoever uses another is gone before it.
  for pid in $pids; do end_process "$pid"; done
  [ "$has_made_run_sshd" = no ] || rmdir /run/sshd
  [ "$code" -eq 0 ] || print_logs >&2
  if [ "$is_kept" = yes ]; then
    say "kept: $work"
  else
    rm -rf "$work"
  fi
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One that has ended and was not waited for is still there, as a zombie.
is_running() { grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null; }

# Asks first, and does not ask for ever.
end_process() {
  kill "$1" 2>/dev/null || return 0
  tenths=0
  while is_running "$1" && [ "$tenths" -lt "$max_end_tenths" ]; do
    tenths=$((tenths + 1))
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || :
  wait "$1" 2>/dev/null || :
}

print_logs() {
  for log in "$logs"/*; do
    [ -s "$log" ] || continue
    printf '%s\n' "--- $(basename "$log")"
    tail -n 20 "$log"
  done
}

# started NAME PID: remembers a process of ours.
started() {
  last_pid=$2
  pids="$2 $pids"
  say "started $1 (process $2)"
}

# wait_until WHAT COMMAND...: tries until the command succeeds, as long as the process started last lives.
wait_until() {
  what=$1
  shift
  tenths=0
  until "$@" >/dev/null 2>&1; do
    [ -z "$last_pid" ] || is_running "$last_pid" || fail "it ended before: $what"
    tenths=$((tenths + 1))
    [ "$tenths" -lt "$max_tenths" ] || fail "not in time: $what"
    sleep 0.1
  done
}

accepts() {
  "$node" -e "require('node:net').connect($1, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"
}

# Below what the system hands out by itself: a port from there may become another program's.
choose_ports() {
  "$node" -e "
    const { createServer } = require('node:net')
    const isFree = (port) => new Promise((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    const ports = new Set()
    const choose = async () => {
      while (ports.size < $1) {
        const port = 20000 + Math.floor(Math.random() * 12000)
        if (await isFree(port)) ports.add(port)
      }
      console.log([...ports].join(' '))
    }
    void choose()"
}

# adapt FILE SED-SCRIPT...: a configuration of the example with this machine's addresses.
adapt() {
  file=$1
  shift
  if [ "$is_proxied" = yes ]; then
    set -- -e 's/# proxy_protocol on;/proxy_protocol on;/' -e 's/ # send-proxy-v2/ send-proxy-v2/' \
      -e "s/^# proxy_protocol_from: .*/proxy_protocol_from: [$edge_address\/32]/" \
      -e 's/^# use_proxy_protocol:/use_proxy_protocol:/' "$@"
  fi
  sed "$@" "$example/$file" >"$work/$(basename "$file")"
}

start_sshd() {
  ssh-keygen -q -t ed25519 -N '' -C 'demo host key' -f "$work/host_key"
  printf '%s %s\n' "$host" "$(cat "$work/host_key.pub")" >"$work/known_hosts"
  sed -e "s/^Port .*/ListenAddress 127.0.0.1:$sshd_port/" "$example/sshd/sshd_config" >"$work/sshd_config"
  printf '%s\n' "HostKey $work/host_key" 'PidFile none' 'StrictModes no' >>"$work/sshd_config"
  if [ "$(id -u)" -eq 0 ] && unshare --mount --uts true 2>/dev/null; then
    start_sshd_with_demo_user
  else
    start_sshd_with_key
  fi
  wait_until 'sshd listens' accepts "$sshd_port"
}

# A namespace in which the user, the password and the host's name of the containers are real.
start_sshd_with_demo_user() {
  command -v sshpass >/dev/null || fail '"sshpass" is not installed'
  ssh_user=demo
  mkdir "$work/etc"
  grep -E '^(root|sshd|nobody):' /etc/passwd >"$work/etc/passwd"
  printf 'demo:x:61184:61184:demo:/:/bin/sh\n' >>"$work/etc/passwd"
  printf 'demo:%s:19000:0:99999:7:::\n' "$(openssl passwd -6 demo-password)" >"$work/etc/shadow"
  chmod 0644 "$work/etc/passwd"
  unshare --mount --uts sh -eu -c '
    hostname sshd
    mount --bind "$1/etc/passwd" /etc/passwd
    mount --bind "$1/etc/shadow" /etc/shadow
    mount -t tmpfs -o mode=0755 tmpfs /run
    mkdir -m 0755 /run/sshd
    exec "$2" -D -e -f "$1/sshd_config"
  ' sh "$work" "$(command -v sshd)" >"$logs/sshd.log" 2>&1 &
  started sshd $!
}

start_sshd_with_key() {
  ssh_user=$(id -un)
  ssh-keygen -q -t ed25519 -N '' -C 'demo user key' -f "$work/user_key"
  cp "$work/user_key.pub" "$work/authorized_keys"
  sed -i -e '/^AllowUsers/d' -e '/^PermitRootLogin/d' -e '/^PasswordAuthentication/d' \
    -e 's/^PubkeyAuthentication .*/PubkeyAuthentication yes/' "$work/sshd_config"
  printf '%s\n' 'PasswordAuthentication no' 'PermitRootLogin prohibit-password' \
    "AuthorizedKeysFile $work/authorized_keys" >>"$work/sshd_config"
  # Root's sshd insists on it; Debian makes it when its own service starts.
  if [ "$(id -u)" -eq 0 ] && mkdir -m 0755 /run/sshd 2>/dev/null; then has_made_run_sshd=yes; fi
  "$(command -v sshd)" -D -e -f "$work/sshd_config" >"$logs/sshd.log" 2>&1 &
  started sshd $!
}

start_gateway() {
  adapt config/postern.yaml -e "s/^address: .*/address: 127.0.0.1:$gateway_port/" \
    -e "s# /certs/# $work/certs/#" -e "s#tcp://sshd:2222#tcp://127.0.0.1:$sshd_port#"
  STATE_DIRECTORY=$work/state "$node" "$main" gateway -c "$work/postern.yaml" --grace-period 1s \
    >"$logs/gateway.log" 2>"$logs/gateway.err" &
  started gateway $!
  wait_until 'the gateway listens' grep -q '"message":"listening"' "$logs/gateway.log"
}

start_nginx() {
  adapt nginx/nginx.conf -e "s/listen 443;/listen 127.0.0.1:$edge_port;/" \
    -e "s/gateway:443;/127.0.0.1:$gateway_port;\n    proxy_bind $edge_address;/"
  # Debian keeps the module in a file of its own; elsewhere it is compiled in.
  module=/usr/lib/nginx/modules/ngx_stream_module.so
  load=
  [ ! -e "$module" ] || load="load_module $module;"
  nginx -p "$work" -e stderr -c "$work/nginx.conf" -g "$load daemon off; pid $work/nginx.pid;" \
    >"$logs/edge.log" 2>"$logs/edge.err" &
  started nginx $!
}

start_haproxy() {
  adapt haproxy/haproxy.cfg -e "s/bind :443/bind 127.0.0.1:$edge_port/" \
    -e "s/gateway:443/127.0.0.1:$gateway_port source $edge_address/"
  haproxy -db -f "$work/haproxy.cfg" >"$logs/edge.log" 2>"$logs/edge.err" &
  started haproxy $!
}

# Both ways to the gateway: the port of this machine stands for 443 of the public name.
write_ssh_config() {
  cat >"$work/ssh_config" <<END
Host ssh-prod
  HostName $host
  Port 22
  ProxyCommand '$node' '$main' tcp --gateway https://localhost:$edge_port --ca-file '$work/certs/ca.crt' --listen - %h:%p
Host *
  User $ssh_user
  HostKeyAlias $host
  UserKnownHostsFile "$work/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ConnectTimeout 20
END
  if [ -e "$work/user_key" ]; then
    printf '  IdentityFile "%s"\n  IdentitiesOnly yes\n' "$work/user_key" >>"$work/ssh_config"
  else
    printf '  PreferredAuthentications password\n  PubkeyAuthentication no\n' >>"$work/ssh_config"
  fi
}

run_ssh() {
  if [ "$ssh_user" = demo ]; then
    SSHPASS=demo-password timeout --foreground 60 sshpass -e ssh -F "$work/ssh_config" "$@"
  else
    timeout --foreground 60 ssh -F "$work/ssh_config" -o BatchMode=yes "$@"
  fi
}

# expect_output SSH-ARGUMENTS...: runs the guide's command there, and checks what it says.
expect_output() {
  output=$(run_ssh -o LogLevel=ERROR "$@" 'hostname; whoami; uname -srm') || fail 'ssh failed'
  printf '%s\n' "$output"
  expected=$(printf '%s\n%s\n%s' "$([ "$ssh_user" = demo ] && echo sshd || hostname)" \
    "$ssh_user" "$(uname -srm)")
  [ "$output" = "$expected" ] || fail "expected: $expected"
}

start_client() {
  "$node" "$main" tcp "$host:22" --gateway "https://localhost:$edge_port" \
    --ca-file "$work/certs/ca.crt" --browser-cmd /bin/true --listen "127.0.0.1:$local_port" \
    >"$logs/client.log" 2>&1 &
  client_pid=$!
  started 'postern tcp' "$client_pid"
  wait_until 'postern tcp listens' grep -q "listening on 127.0.0.1:$local_port" "$logs/client.log"
}

stop_client() {
  end_process "$client_pid"
  rest=
  for pid in $pids; do [ "$pid" = "$client_pid" ] || rest="$rest $pid"; done
  pids=$rest
  last_pid=
}

copy_there_and_back() {
  head -c "$copied_bytes" /dev/urandom >"$work/original"
  run_ssh -o LogLevel=ERROR ssh-prod cat <"$work/original" >"$work/copy" || fail 'ssh failed'
  cmp "$work/original" "$work/copy" || fail 'the copy is not the original'
}

# A route says :22; asking for :443, the port of the transport, is the usual mistake.
ask_for_the_wrong_port() {
  code=0
  timeout --foreground 60 "$node" "$main" tcp "$host:443" --gateway "https://localhost:$edge_port" \
    --ca-file "$work/certs/ca.crt" --listen - </dev/null >"$work/wrong.out" 2>"$work/wrong.err" ||
    code=$?
  cat "$work/wrong.err"
  [ "$code" -eq 5 ] || fail "expected exit code 5, \"the gateway has no such route\", not $code"
  grep -q "no route for $host:443; there is one for :22" "$work/wrong.err" ||
    fail 'the refusal does not name the port of the route'
}

# Until Ctrl-C, or until the edge ends by itself.
hold() {
  say "the edge is https://localhost:$edge_port"
  say "ssh signs in as $ssh_user"
  say "everything is in $work; Ctrl-C removes it"
  wait "$last_pid" || fail "$edge ended"
}

authorized() { grep '"service":"authorize"' "$logs/gateway.log" | grep '"method":"CONNECT"'; }
tunnelled() { grep '"method":"CONNECT"' "$logs/gateway.log" | grep '"response-code":200'; }
unmatched() { grep '"response-code-details":"route_not_found"' "$logs/gateway.log"; }
crossed() { grep -E 'bytes_sent=[0-9]{3,} bytes_received=[0-9]{3,}' "$logs/edge.log"; }
# Two of ProxyCommand, one of the local port, one that asked for the wrong port.
all_crossed() { [ "$(crossed | wc -l)" -ge 4 ]; }

# has LINES TEXT: whether every line has the text, and there is one.
has() {
  [ -n "$1" ] || fail "no line with $2"
  printf '%s\n' "$1" | grep -vqF "$2" && fail "a line without $2"
  return 0
}

verify_path() {
  say "authorized, in $logs/gateway.log:"
  authorized || fail 'nothing was authorized'
  has "$(authorized)" "\"host\":\"$host:22\""
  has "$(authorized)" '"allow":true'
  say 'tunnels that were open:'
  wait_until 'a tunnel ended' tunnelled
  tunnelled
  if [ "$is_proxied" = yes ]; then has "$(tunnelled)" '"ip":"127.0.0.1"'; else
    has "$(tunnelled)" "\"ip\":\"$edge_address\""
  fi
  say 'a wrong port:'
  unmatched
  has "$(unmatched)" '"other-ports":[22]'
  say "bytes across the edge, in $logs/edge.log:"
  # The edge writes its line when a connection ends, and postern tcp keeps its own for the next tunnel.
  wait_until 'the edge logged every connection' all_crossed
  crossed
}

mkdir "$logs"
export XDG_CACHE_HOME="$work/cache"
"$example/gen-certs.sh" "$work/certs"
ports=$(choose_ports 4)
read -r sshd_port gateway_port edge_port local_port <<END
$ports
END

start_sshd
start_gateway
"start_$edge"
wait_until "$edge listens" accepts "$edge_port"
write_ssh_config
if [ "$is_held" = yes ]; then
  hold
  exit 0
fi

start_client
say "ssh through a local port, https://localhost:$edge_port standing for https://$host:"
expect_output -p "$local_port" 127.0.0.1
say 'ssh with ProxyCommand, as in a Host block:'
expect_output ssh-prod
say "$copied_bytes bytes there and back:"
copy_there_and_back
say 'they are the same'
say "and with the port of the transport instead of the route's:"
ask_for_the_wrong_port
stop_client
verify_path
say 'done: everything is as the guide says'
