# bash completion for postern

# bash takes words apart at "=" and ":", and puts only the last part in place.
_postern() {
  local word last index=0 joined= kind= line value part
  local -a words=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    index=${#words[@]}
    if [[ $index -gt 0 && ( $joined == yes || $word == [=:] ) ]]; then
      words[index - 1]+=$word
    else
      words+=("$word")
    fi
    joined=no
    [[ $word == [=:] ]] && joined=yes
  done
  last=$((${#words[@]} - 1))
  local current=${words[last]}
  part=${current##*[=:]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
      continue
    fi
    value=${line%%$'\t'*}
    printf -v value '%q' "${value:${#current} - ${#part}}"
    COMPREPLY+=("$value")
  done < <(postern completion words --current="$current" -- "${words[@]:0:last}" 2>/dev/null)
  case $kind in
    files | directories)
      local action=-f
      [[ $kind == directories ]] && action=-d
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do
        COMPREPLY+=("$line")
      done < <(compgen "$action" -- "$part")
      ;;
  esac
}

complete -F _postern postern
