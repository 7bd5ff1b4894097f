# fish completion for postern

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
        printf '%s\n' $line
    end
end

complete -c postern -f -a '(__postern_complete)'
