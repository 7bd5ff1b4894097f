import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'

const examples = `
Examples:
  # every problem of the rules at once, each with its line
  postern tunnel ingress validate --config config.yml

  # which rule is for a name
  postern tunnel ingress rule --config config.yml ssh.example.com

Exit codes:
${exitCodeLines(['ok', 'usage'])}
`

/** Defines `postern tunnel ingress`. */
export function defineIngress(exitWith: ExitWith): Command {
  const ingress = new Command('ingress')
    .summary('check the rules of a configuration file')
    .description('Check the rules of a configuration file, without connecting.')
    .addHelpText('after', examples)
  ingress.helpCommand(false)
  const validate = withConfig(new Command('validate'))
    .description('Say what is wrong with the rules. A rule with a problem is served by nothing.')
    .action(async (_options: unknown, command: Command) => {
      const { validateIngress } = await import('./ingress-run.ts')
      exitWith(await validateIngress(command.optsWithGlobals()))
    })
  const rule = withConfig(new Command('rule'))
    .description('Say which rule is for a host name or a URL.')
    .argument('<name>', 'a host name, or a URL as cloudflared takes it')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { showRule } = await import('./ingress-run.ts')
      exitWith(await showRule(name, command.optsWithGlobals()))
    })
  return ingress.addCommand(validate).addCommand(rule)
}

function withConfig(command: Command): Command {
  return command
    .option('--config <file>', 'the configuration file (default: ~/.postern/config.yml)')
    .option('--json', 'print the result as JSON on stdout')
}
