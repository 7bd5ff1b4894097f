// Scripts of shells: each asks `postern completion words` what may stand at the cursor. No word of the answer is ever
// evaluated by the shell: names in it may have been chosen by somebody else.
import type { Shell } from './shells.ts'

export function completionScript(shell: Shell): string {
  return scripts[shell]
}

/** For bash 3.2 of macOS as well, which has no `mapfile` and no negative index. */
const bash = `# bash completion for postern

# bash takes words apart at "=" and ":", and puts only the last part in place.
_postern() {
  local word last index=0 joined= kind= line value part
  local -a words=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    index=\${#words[@]}
    if [[ $index -gt 0 && ( $joined == yes || $word == [=:] ) ]]; then
      words[index - 1]+=$word
    else
      words+=("$word")
    fi
    joined=no
    [[ $word == [=:] ]] && joined=yes
  done
  last=$((\${#words[@]} - 1))
  local current=\${words[last]}
  part=\${current##*[=:]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
      continue
    fi
    value=\${line%%$'\\t'*}
    printf -v value '%q' "\${value:\${#current} - \${#part}}"
    COMPREPLY+=("$value")
  done < <(postern completion words --current="$current" -- "\${words[@]:0:last}" 2>/dev/null)
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
`

const zsh = `#compdef postern
# zsh completion for postern

_postern() {
  local line
  local -a lines values shown
  lines=("\${(@f)$(postern completion words --current="\${(Q)words[CURRENT]}" -- "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
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
`

const fish = `# fish completion for postern

function __postern_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (postern completion words --current="$current" -- $words 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    switch "$kind"
        case files
            __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current")
        case directories
            __fish_complete_directories (string replace -r -- '^--[^=]*=' '' "$current")
    end
    for line in $lines
        printf '%s\\n' $line
    end
end

complete -c postern -f -a '(__postern_complete)'
`

const powershell = `# PowerShell completion for postern

Register-ArgumentCompleter -Native -CommandName postern -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.ToString().Trim("'", '"') })
    $lines = @(& postern completion words "--current=$wordToComplete" '--' @words 2>$null)
    # Without an answer PowerShell completes files.
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $value, $text = $_ -split "\`t", 2
        if (-not $text) { $text = $value }
        # What is put in place is read by PowerShell: typographic quotes end a string as well, and "@" is a list.
        $quoted = if ($value -match '^[\\w./:=-]+$') { $value } else { "'" + ($value -replace "['\\u2018-\\u201b]", '$0$0') + "'" }
        [System.Management.Automation.CompletionResult]::new($quoted, $value, 'ParameterValue', $text)
    }
}
`

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell }
