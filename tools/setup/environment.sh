# Sourced by ./tiffin and ./test with `root` set; sets `venv`. The fast path forks nothing.
#
# The environment is .venv in the checkout; where the checkout is somebody else's or cannot be written to, it is a folder
# of this user's cache. `$venv/ready` says what it was made from: this checkout's path, then one input a line.

if [[ -O $root && -w $root ]]; then
  venv=$root/.venv
else
  venv=${XDG_CACHE_HOME:-$HOME/.cache}/tiffin/checkouts/${root//\//%}/venv
fi

tiffin_environment_is_fresh() {
  local input ready=$venv/ready
  [[ -O $ready && -x $venv/bin/python ]] || return 1
  {
    read -r input && [[ $input == "$root" ]] || return 1
    while read -r input; do
      [[ -e $root/$input && ! $root/$input -nt $ready ]] || return 1
    done
  } <"$ready"
}

tiffin_find_python() {  # prints the path of a Python 3.11, 3.12 or 3.13; found by running it: pyenv's shims lie
  local candidate check='import sys, venv, ctypes; assert (3, 11) <= sys.version_info < (3, 14); print(sys.executable)'
  for candidate in ${TIFFIN_PYTHON:+"$TIFFIN_PYTHON"} python3 python3.13 python3.12 python3.11 \
    /usr/bin/python3 /usr/local/bin/python3 "$HOME"/.pyenv/versions/3.1[123].*/bin/python3 \
    "$HOME"/.local/share/uv/python/*/bin/python3; do
    "$candidate" -I -c "$check" 2>/dev/null && return 0
  done
  echo "tiffin: needs a Python 3.11, 3.12 or 3.13 (on Debian: apt install python3 python3-pip; or set TIFFIN_PYTHON)" >&2
  return 1
}

tiffin_make_environment() {  # arguments: options of environment.py
  local python
  python=$(tiffin_find_python)
  "$python" -I "$root/tools/setup/environment.py" --checkout "$root" --venv "$venv" "$@" </dev/null >&2
}
