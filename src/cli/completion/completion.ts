import { Argument, Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { shells, type Shell } from './shells.ts'
import type { NamedCommand } from './suggest.ts'

const examples = `
Examples:
  # bash: at each start of a shell, and now
  echo 'source <(postern completion bash)' >> ~/.bashrc
  source <(postern completion bash)

  # zsh: the same, below "compinit" in ~/.zshrc
  source <(postern completion zsh)

  # fish
  postern completion fish > ~/.config/fish/completions/postern.fish

  # PowerShell: in the file that $PROFILE names
  postern completion powershell | Out-String | Invoke-Expression

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern completion`, which completes the command lines of `commands`. */
export function defineCompletion(exitWith: ExitWith, commands: readonly NamedCommand[]): Command {
  const words = new Command('words')
    .description('Print what may stand at the cursor, for the script of a shell.')
    .argument('[words...]', 'what stands before it, without the name of the program')
    .option('--current <word>', 'what has been typed of the word at the cursor', '')
    .action(async (before: string[], { current }: { current: string }) => {
      const { printSuggestions } = await import('./completion-run.ts')
      exitWith(await printSuggestions(commands, before, current))
    })
  return new Command('completion')
    .description(
      'Print the script by which a shell completes commands, options and their values. It asks the program itself, without the network.',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addCommand(words, { hidden: true })
    .helpCommand(false)
    .addHelpText('after', examples)
    .action(async (shell: Shell) => {
      const { printScript } = await import('./completion-run.ts')
      exitWith(await printScript(shell))
    })
}
