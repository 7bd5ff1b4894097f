import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { completionScript } from '../../src/cli/completion/shell-scripts.ts'
import { runProgramSync } from '../../src/program.fixture.ts'
import { builtExecutable } from './executable.fixture.ts'
import { isMissing } from './peer.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-completion-'))
after(() => rmSync(directory, { recursive: true }))
const bin = join(directory, 'bin')
mkdirSync(bin)
symlinkSync(builtExecutable(), join(bin, 'postern'))
writeFileSync(join(directory, 'ca file.pem'), '')

/** What a shell makes of a command line at whose end somebody presses Tab. */
const shells = {
  bash: (line: string, first?: string) =>
    run(
      'bash',
      [
        '--norc',
        '-c',
        `source <(postern completion bash)
COMP_WORDS=(${line.replaceAll('=', ' = ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
[[ '${line}' == *' ' ]] && COMP_WORDS+=('') && COMP_CWORD=$((COMP_CWORD + 1))
_postern
printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
      first,
    ),
  zsh: (line: string, first?: string) =>
    run(
      'zsh',
      [
        '-f',
        '-c',
        `zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u; source <(postern completion zsh); zle-line-init() { print RE\${:-ADY} }; zle -N zle-line-init'
# Before its line editor is there, the terminal itself shows what is typed.
zpty -r shell said '*READY*'
zpty -w -n shell $'${line}\\t'
# Once the word is whole, zsh puts a space behind it.
zpty -w -n shell $'END\\n'
zpty -r shell said '*END*'
# The line has been run once there is the next.
zpty -r shell rest '*READY*'
print -r -- "$said"`,
      ],
      first,
    ),
  fish: (line: string, first?: string) =>
    run(
      'fish',
      [
        '--no-config',
        '-c',
        `source (postern completion fish | psub); complete -C '${line}' | string split -f1 \\t`,
      ],
      first,
    ),
}

for (const [shell, complete] of Object.entries(shells)) {
  describe(`completion in ${shell}`, { skip: isMissing(shell) }, () => {
    test('a command', () => assert.match(complete('postern tc'), /\btcp\b/))
    test('an option', () => assert.match(complete('postern tcp --transp'), /--transport\b/))
    test('a value', () => {
      assert.match(complete('postern tcp --transport w'), /\bwebsocket\b/)
      assert.match(complete('postern tcp --transport=w'), /\bwebsocket\b/)
    })
    test('a file', () => assert.match(complete('postern tcp --ca-file ca'), /ca(\\)? file\.pem/))
    test('what would be code is never run', () => {
      const hostile = hostileProgram('$(touch ran)')
      assert.match(complete('postern ', hostile), /\$\\?\(touch\\? ran/)
      assert.ok(!existsSync(join(directory, 'ran')))
    })
  })
}

test('each script is the one that was read with care', () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell'] as const) {
    const golden = readFileSync(join(import.meta.dirname, 'golden', `completion.${shell}`), 'utf8')
    assert.equal(completionScript(shell), golden, shell)
  }
})

test('what is completed is never run by the shell', { skip: isMissing('bash') }, () => {
  const hostile = hostileProgram(`$(touch ${directory}/ran)`, `\`touch ${directory}/ran\``)
  const script = completionScript('bash')
  const said = run(
    'bash',
    [
      '--norc',
      '-c',
      `${script}\nCOMP_WORDS=(postern ''); COMP_CWORD=1; _postern; printf '%s\\n' "\${COMPREPLY[@]}"; eval "echo \${COMPREPLY[0]}"; ls ran`,
    ],
    hostile,
  )
  assert.match(said, /\\\$\\\(touch/)
  assert.doesNotMatch(said, /^ran$/m)
})

/** The folder of a program that offers these words to a shell. */
function hostileProgram(...words: readonly string[]): string {
  const folder = mkdtempSync(join(directory, 'hostile-'))
  const lines = ['words', ...words.map((word) => `${word}\ttext`), ''].join('\n')
  writeFileSync(join(folder, 'words'), lines)
  const text = `#!/bin/sh\n[ "$2" = words ] || exec '${bin}/postern' "$@"\nexec cat '${folder}/words'\n`
  writeFileSync(join(folder, 'postern'), text, { mode: 0o755 })
  return folder
}

function run(command: string, args: readonly string[], first = bin): string {
  const env = { PATH: `${first}:${process.env['PATH']}`, TERM: 'dumb' }
  return runProgramSync(command, args, { cwd: directory, env }).stdout
}
