# Sourced by the other scripts: finds a Python that is new enough, and makes virtual environments of it.

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "cutaway's scripts need Python 3.11 to 3.13 with the venv module; none was found on PATH" >&2
    return 1
}

# make_environment FOLDER REQUIREMENT...: does nothing where the folder was made for the same pyproject.toml.
make_environment() {
    local folder=$1 python stamp
    shift
    stamp="$(cksum <pyproject.toml) $*"
    if [ -f "$folder/made-for" ] && [ "$(cat "$folder/made-for")" = "$stamp" ]; then
        return
    fi
    python=$(find_python)
    echo "Making $folder with $("$python" -V) ..." >&2
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$@"
    echo "$stamp" >"$folder/made-for"
}
