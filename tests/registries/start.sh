# Sourced by the scripts beside it, after have.sh: starts the registries, with their content in memory where they can.
# Needs $here, the folder of these files, and $work, a folder for a configuration and a log.

registries=(docker-registry distribution olareg go-containerregistry container-registry)

skip() { printf 'SKIPPED %s: %s\n' "$1" "$2"; }

# Starts registry $1 on port $2 in the background and sets pid, or says why it cannot and returns 1. One that lets nobody in
# without a login has it in REFEREE_USERNAME and REFEREE_PASSWORD.
start() {
  unset REFEREE_USERNAME REFEREE_PASSWORD
  "start_${1//-/_}" "$2"
}

start_docker_registry() {
  have_docker_registry || { skip docker-registry "Debian's package docker-registry is not to be had here"; return 1; }
  sed "s/PORT/$1/" "$here/docker-registry.yml" >"$work/config.yml"
  docker-registry serve "$work/config.yml" >"$work/log" 2>&1 &
  pid=$!
}

start_distribution() {
  have_distribution || { skip distribution "the Go module proxy does not give it here"; return 1; }
  sed "s/PORT/$1/" "$here/distribution.yml" >"$work/config.yml"
  distribution serve "$work/config.yml" >"$work/log" 2>&1 &
  pid=$!
}

start_olareg() {
  have_olareg || { skip olareg "the Go module proxy does not give it here"; return 1; }
  olareg serve --addr 127.0.0.1 --port "$1" --store-type mem --api-delete --api-blob-delete >"$work/log" 2>&1 &
  pid=$!
}

start_go_containerregistry() {
  have_crane || { skip go-containerregistry "the Go module proxy does not give it here"; return 1; }
  crane registry serve --address "127.0.0.1:$1" >"$work/log" 2>&1 &
  pid=$!
}

# It has its content in files. Without a password it takes any.
start_container_registry() {
  have_container_registry || { skip container-registry "cargo cannot install it here"; return 1; }
  export REFEREE_USERNAME=somebody REFEREE_PASSWORD=open-sesame
  rm -rf "$work/content"
  RUST_LOG=error container-registry --bind "127.0.0.1:$1" --storage "$work/content" --password "$REFEREE_PASSWORD" >"$work/log" 2>&1 &
  pid=$!
}

# Waits until the registry on port $1 answers.
wait_for() {
  for _ in $(seq 100); do
    curl -fsS ${REFEREE_PASSWORD:+-u "$REFEREE_USERNAME:$REFEREE_PASSWORD"} -o /dev/null "http://127.0.0.1:$1/v2/" 2>/dev/null && return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/log" >&2
  return 1
}
