# Sourced by scripts: gets the registries and tools that are not part of this repository.

# Where what was built is kept for the next time.
registries_bin=$PWD/target/registries
PATH=$PATH:$registries_bin

# Sees to it that program $3 can be run, building $1 at version $2 with Go where it is not there; fails where it cannot be
# had. A module of its own asks the proxy for this version alone, which `go install` does not.
have_go_program() {
  ! command -v "$3" >/dev/null || return 0
  command -v go >/dev/null || return 1
  local source
  source=$(mktemp -d)
  mkdir -p "$registries_bin"
  (cd "$source" && go mod init referee.invalid/registries && go get "$1@$2" && go build -o "$registries_bin/$3" "$1") \
    >"$source/log" 2>&1 || { tail -n 3 "$source/log" >&2; rm -rf "$source"; return 1; }
  rm -rf "$source"
}

# Where it comes from it is called `registry`, which other programs in a PATH may be called too.
have_distribution() { have_go_program github.com/distribution/distribution/v3/cmd/registry v3.0.0 distribution; }
have_olareg() { have_go_program github.com/olareg/olareg/cmd/olareg v0.1.2 olareg; }
have_official() {
  have_go_program github.com/opencontainers/distribution-spec/conformance v0.0.0-20260831232431-97274622c111 oci-conformance
}
have_crane() { have_go_program github.com/google/go-containerregistry/cmd/crane v0.22.1 crane; }
have_oras() { have_go_program oras.land/oras/cmd/oras v1.3.0 oras; }

have_container_registry() {
  ! command -v container-registry >/dev/null || return 0
  command -v cargo >/dev/null || return 1
  local root
  root=$(mktemp -d)
  mkdir -p "$registries_bin"
  # Its own profile optimises all of it at once, which takes several times as long.
  (CARGO_TARGET_DIR=$root/target CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install --quiet --locked --root "$root" --version 0.3.1 --features bin container-registry &&
    cp "$root/bin/container-registry" "$registries_bin/") >"$root/log" 2>&1 || { tail -n 3 "$root/log" >&2; rm -rf "$root"; return 1; }
  rm -rf "$root"
}

# Debian's package $1, where this is a Debian and we may install, for the program of that name.
have_package() {
  command -v "$1" >/dev/null ||
    (apt-get update -qq && apt-get install -y -qq --no-install-recommends "$1") >/dev/null 2>&1 || true
  command -v "$1" >/dev/null
}

have_docker_registry() { have_package docker-registry; }
have_skopeo() { have_package skopeo; }

# The version of registry $1 that is had.
version_of() {
  case $1 in
    docker-registry) dpkg-query -W -f '${Version}' docker-registry 2>/dev/null | sed 's/[^0-9.].*//' | grep . || echo 2.8.2 ;;
    distribution) echo 3.0.0 ;;
    olareg) echo 0.1.2 ;;
    go-containerregistry) echo 0.22.1 ;;
    container-registry) echo 0.3.1 ;;
  esac
}

# A port on loopback that nobody listens on, below those that the system hands out to clients: a registry that is stopped
# and started again finds it free.
free_port() {
  python3 - <<'PY'
import random, socket

for _ in range(1000):
    port = random.randint(20000, 30000)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
PY
}
