#!/bin/sh
# Installs the published SDK of TornadoVM for --device tornado into .tornadovm/ beside this script, and nowhere else.
set -eu

version=5.2.0-jdk25
releases=https://github.com/beehive-lab/TornadoVM/releases/download

usage() {
    cat <<END
Usage: ./setup-tornado.sh [OPTIONS]
Installs TornadoVM $version into .tornadovm/ and computes an answer on the device.

  --backend NAME    opencl, ptx, cuda, spirv or metal; default: what this machine has drivers for
  --from FILE|URL   the SDK's archive (.zip, .tar.gz), instead of SDKMAN's copy or TornadoVM's release page
  --sha256 SUM      refuse any other archive
  --skip-check      do not run anything on the device at the end
  --dry-run         only say what would be done
  --uninstall       remove .tornadovm/
  -h, --help        this text
END
}

fail() {
    echo "setup-tornado: $1" >&2
    exit "${2-1}"
}

home=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
target=$home/.tornadovm
backend=auto
from=
sum=
check=yes
dry=
uninstall=
while [ $# -gt 0 ]; do
    case $1 in
        --backend | --from | --sha256)
            [ -n "${2-}" ] || fail "$1 needs a value: see --help" 2
            case $1 in
                --backend) backend=$2 ;;
                --from) from=$2 ;;
                --sha256) sum=$(printf %s "$2" | tr A-F a-f) ;;
            esac
            shift
            ;;
        --skip-check) check= ;;
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        -h | --help)
            usage
            exit
            ;;
        *) fail "unknown option '$1': see --help" 2 ;;
    esac
    shift
done

if [ -n "$uninstall" ]; then
    if [ ! -e "$target" ]; then
        echo "$target is not there, so nothing is removed"
    elif [ -n "$dry" ]; then
        echo "would remove $target"
    else
        rm -rf "$target" || fail "$target cannot be removed: see who owns it"
        echo "$target is removed"
    fi
    exit
fi

case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-amd64 ;;
    Darwin-arm64) platform=mac-aarch64 ;;
    *) fail "no SDK of TornadoVM is published for $(uname -s) on $(uname -m): use --device cpu" ;;
esac

jdk=$("$home/squall" --show-java-home 2>/dev/null) ||
    fail "no JDK 25 found: install one, or set JAVA_HOME to it"
[ -x "$jdk/bin/jar" ] || fail "$jdk is a Java runtime, not a whole JDK 25: install one, or set JAVA_HOME to it"

has_opencl() {
    [ "$platform" = mac-aarch64 ] || ls "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"/*.icd >/dev/null 2>&1
}
has_cuda() {
    [ -e /proc/driver/nvidia/version ] || command -v nvidia-smi >/dev/null 2>&1
}
has_level_zero() {
    ls /usr/lib/*/libze_loader.so* /usr/lib64/libze_loader.so* /usr/local/lib/libze_loader.so* >/dev/null 2>&1
}

opencl_remedy="install the GPU maker's OpenCL driver, or pocl-opencl-icd to try it on the processor"
case $backend in
    auto)
        if [ "$platform" = mac-aarch64 ]; then
            backend=metal
        elif has_opencl; then
            backend=opencl
        elif has_cuda; then
            backend=ptx
        else
            fail "no driver found, neither OpenCL's (${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}/*.icd) nor NVIDIA's: $opencl_remedy"
        fi
        ;;
    opencl) has_opencl || fail "no OpenCL driver in ${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}: $opencl_remedy" ;;
    ptx | cuda)
        [ "$platform" = linux-amd64 ] || fail "--backend $backend is published for Linux only: use metal or opencl"
        has_cuda || fail "no NVIDIA driver found for --backend $backend: install it, or use --backend opencl"
        ;;
    spirv)
        [ "$platform" = linux-amd64 ] || fail "--backend spirv is published for Linux only: use metal or opencl"
        has_level_zero || fail "no Level Zero loader (libze_loader) found for --backend spirv: install Intel's, or use --backend opencl"
        ;;
    metal) [ "$platform" = mac-aarch64 ] || fail "--backend metal is published for Macs only: use opencl" ;;
    *) fail "--backend $backend: expected auto, opencl, ptx, cuda, spirv or metal" 2 ;;
esac

sdkman=${SDKMAN_DIR:-${HOME-}/.sdkman}/candidates/tornadovm/$version-$backend
if [ -n "$from" ]; then
    source=$from
elif [ -r "$sdkman/tornado-argfile.template" ] || [ -r "$sdkman/tornado-argfile" ]; then
    source=$sdkman
else
    source=$releases/v$version/tornadovm-$version-$backend-$platform.zip
fi

case $source in
    http://* | https://*) ;;
    *) [ -r "$source" ] || fail "$source cannot be read: see that it is there" ;;
esac
note="$version $backend from $source"
if [ -r "$target/tornado-argfile" ] && [ "$(cat "$target/squall-setup" 2>/dev/null)" = "$note" ]; then
    echo "TornadoVM $version ($backend) is in $target already"
    exit
fi
if [ -n "$dry" ]; then
    echo "would install TornadoVM $version ($backend) for $jdk from $source into $target"
    exit
fi

# All work is done beside the target, which is replaced by a rename; whatever happens, nothing half-done stays.
new=$target.new.$$
old=$target.old.$$
clean() {
    # What was there is put back unless something new is in its place.
    if [ -d "$old" ] && [ ! -e "$target" ]; then
        mv "$old" "$target"
    fi
    rm -rf "$new" "$old"
}
trap clean EXIT
trap 'exit 130' INT
trap 'echo "setup-tornado: stopped; nothing is changed" >&2; exit 143' TERM
mkdir "$new" 2>/dev/null || fail "$home cannot be written: make it writable, or copy Squall to a folder of your own"

fetch() {
    if command -v curl >/dev/null 2>&1; then
        curl --fail --location --silent --show-error --connect-timeout 20 --output "$new/archive" "$1" 2>"$new/log" &
    elif command -v wget >/dev/null 2>&1; then
        wget --quiet --tries=2 --timeout=60 --output-document="$new/archive" "$1" 2>"$new/log" &
    else
        fail "neither curl nor wget is there to fetch $1: install one, or fetch it yourself and give --from FILE"
    fi
    loader=$!
    # Waiting in the background lets a signal end this at once.
    trap 'kill "$loader" 2>/dev/null; exit 130' INT
    trap 'kill "$loader" 2>/dev/null; echo "setup-tornado: stopped; nothing is changed" >&2; exit 143' TERM
    if ! wait "$loader"; then
        reason=$(tail -n 1 "$new/log" | cut -c 1-160)
        fail "$1 could not be fetched whole (${reason:-no answer}): see the network, or fetch it elsewhere and give --from FILE"
    fi
}

unpack() {
    if [ -n "$sum" ]; then
        if command -v sha256sum >/dev/null 2>&1; then
            found=$(sha256sum "$1")
        else
            found=$(shasum -a 256 "$1")
        fi
        found=${found%% *}
        [ "$found" = "$sum" ] || fail "$source has the SHA-256 sum $found, expected $sum: it is another or a damaged file"
    fi
    mkdir "$new/unpacked"
    case $(head -c 2 "$1") in
        PK) (cd "$new/unpacked" && "$jdk/bin/jar" xf "$1") >"$new/log" 2>&1 ;;
        *) tar -xzf "$1" -C "$new/unpacked" >"$new/log" 2>&1 ;;
    esac || fail "$source cannot be unpacked ($(grep -m 1 . "$new/log" | cut -c 1-120)): it is no .zip or .tar.gz, damaged, or the disk is full"
}

echo "installing TornadoVM $version ($backend) from $source" >&2
case $source in
    http://* | https://*)
        fetch "$source"
        unpack "$new/archive"
        ;;
    *)
        if [ -d "$source" ]; then
            mkdir "$new/unpacked"
            cp -R "$source" "$new/unpacked/sdk" 2>"$new/log" ||
                fail "$source cannot be copied ($(tail -n 1 "$new/log" | cut -c 1-120)): see its permissions and the disk"
        else
            case $source in
                /*) unpack "$source" ;;
                *) unpack "$PWD/$source" ;;
            esac
        fi
        ;;
esac

sdk=
for place in "$new/unpacked" "$new/unpacked"/* "$new/unpacked"/*/*; do
    if [ -r "$place/tornado-argfile.template" ] || [ -r "$place/tornado-argfile" ]; then
        sdk=$place
        break
    fi
done
[ -n "$sdk" ] || fail "$source is no SDK of TornadoVM: it has no tornado-argfile"
release=$(sed -n 's/^version=//p' "$sdk/etc/tornado.release" 2>/dev/null) || release=
case $release in
    *jdk25*) ;;
    *) fail "$source is TornadoVM ${release:-of no known version}, expected one for JDK 25, such as $version" ;;
esac
# The published file names the folder of whoever built it; the template names none.
if [ -r "$sdk/tornado-argfile.template" ]; then
    sed "s|\${TORNADOVM_HOME}|$target|g" "$sdk/tornado-argfile.template" >"$sdk/tornado-argfile"
fi
echo "$note" >"$sdk/squall-setup"

if [ -e "$target" ]; then
    mv "$target" "$old"
fi
mv "$sdk" "$target"

if [ -n "$check" ]; then
    if ! TORNADOVM_HOME=$target "$home/squall" doctor --device tornado >"$new/log" 2>&1; then
        why=$(grep -A 1 '^missing' "$new/log" | tr -s ' \n' ' ' | cut -c 1-300)
        [ -n "$why" ] || why=$(tail -n 1 "$new/log" | cut -c 1-300)
        rm -rf "$target"
        fail "the device does not compute what the processor does ($why): nothing is changed; --skip-check installs it all the same"
    fi
    grep 'device  ' "$new/log" || :
fi
rm -rf "$old"
echo "TornadoVM $version ($backend) is in $target: ./squall chat --device tornado uses it"
