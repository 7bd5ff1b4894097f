#compdef postern
# zsh completion for postern

_postern() {
  local line
  local -a lines values shown
  lines=("${(@f)$(postern completion words --current="${(Q)words[CURRENT]}" -- "${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  for line in "${(@)lines[2,-1]}"; do
    values+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  (( $#values )) && compadd -l -d shown -a -- values
  case $lines[1] in
    files) compset -P '--*=' ; _files ;;
    directories) compset -P '--*=' ; _files -/ ;;
  esac
}

if [[ $funcstack[1] == _postern ]]; then
  _postern "$@"
else
  compdef _postern postern
fi
