# What the scripts share; sourced, from the top of the checkout, by bash.

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }

# names FILE ...: the packages that those lists name.
names() { sed -e 's/#.*//' "$@" | tr -s ' \t' '\n' | sed '/^$/d'; }

# missing NAME ...: those of the packages that are not installed.
missing() {
  LC_ALL=C comm -23 <(printf '%s\n' "$@" | LC_ALL=C sort -u) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | LC_ALL=C sort -u)
}

# as_root COMMAND ...: fails where neither root nor sudo is to be had.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
  else
    return 1
  fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@"; }

# install_packages FILE: installs what is missing of a list. 0 if all is there in the end.
install_packages() {
  local wanted
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    warn "Nothing can be installed here: this system has no apt. Wanted, by Debian's names:"
    names "$1" | paste -sd ' ' | fold -s -w 100 | sed 's/^/    /' >&2
    warn "docs/install.md says what each is. Going on with what is there."
    return 0
  fi
  mapfile -t wanted < <(missing $(names "$1"))
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "Installing ${#wanted[@]} missing packages: ${wanted[*]}"
  if apt_get update && apt_get install -y --no-install-recommends "${wanted[@]}" >/dev/null; then
    return 0
  fi
  warn "They could not be installed: that needs root or sudo, and Debian's archive. By hand:"
  warn "    apt-get install --no-install-recommends ${wanted[*]}"
  return 1
}

# Small networks run half as fast with OpenBLAS's own threads, and fifty times slower with the reference BLAS (docs/install.md).
choose_blas() {
  command -v update-alternatives >/dev/null || return 0
  local link name value best auto
  for link in libblas liblapack; do
    name=$(update-alternatives --get-selections | awk -v n="^$link\\\\.so\\\\.3-" '$1 ~ n && !seen++ {print $1}')
    [ -n "$name" ] || continue
    auto=$(update-alternatives --query "$name" | sed -n 's/^Status: //p')
    value=$(update-alternatives --query "$name" | sed -n 's/^Value: //p')
    best=$(update-alternatives --query "$name" | sed -n 's/^Alternative: //p' | grep openblas-openmp || true)
    case $value in
      */blas/* | */lapack/* | */openblas-pthread/*) ;;
      *) continue ;;
    esac
    [ -n "$best" ] || continue
    # What somebody chose by hand is theirs.
    if [ "$auto" = auto ] && as_root update-alternatives --set "$name" "$best" >/dev/null 2>&1; then
      say "$link is $best now, for the whole system; it was $value."
    else
      warn "$link is $value here, and training is slower with it. To change that, for the whole system:"
      warn "    sudo update-alternatives --set $name $best"
    fi
  done
}

# jobs: how many compilers to run: one a core, and no more than memory holds (LibTorch takes 2 GB for a file).
jobs_for_build() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemTotal:/ {print int($2 / 2000000)}' /proc/meminfo 2>/dev/null || echo "$cores")
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

# build PRESET [ARGUMENT ...]: configures and builds; the arguments go to cmake --build.
build() {
  local preset=$1 log=build/$1/configure.log
  shift
  mkdir -p "build/$preset"
  if ! cmake --preset "$preset" ${CONFIGURE_ARGS:-} >"$log" 2>&1; then
    cat "$log" >&2
    warn "CMake did not get on. Packages are named in scripts/packages, other systems in docs/install.md."
    return 1
  fi
  cmake --build --preset "$preset" -j "$(jobs_for_build)" "$@"
}

# took SECONDS: "1 min 5 s".
took() { if [ "$1" -ge 60 ]; then echo "$(($1 / 60)) min $(($1 % 60)) s"; else echo "$1 s"; fi; }
