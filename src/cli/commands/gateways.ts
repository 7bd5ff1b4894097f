import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'

const description = `The gateways that "postern login" has remembered, each with its name, its address and who signed in last. The one with a star is the default: commands that name no gateway mean it. (The process that is a gateway is "postern gateway".)`

const examples = `
Examples:
  postern gateways
  postern gateways use lab
  postern gateways rename gateway-2 lab

  # sign out first: removing forgets the address and the certificate authority
  postern logout lab
  postern gateways remove lab

Environment:
  XDG_CONFIG_HOME  where they are remembered: $XDG_CONFIG_HOME/postern/gateways.json

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern gateways`. */
export function defineGateways(exitWith: ExitWith): Command {
  const gateways = new Command('gateways')
    .description(description)
    .helpCommand(false)
    .option('--json', 'print JSON on stdout')
    .addHelpText('after', examples)
    .action(async ({ json }: { json?: true }) => {
      const { listGateways } = await import('./gateways-run.ts')
      exitWith(await listGateways(json === true))
    })
  const use = new Command('use')
    .description('Make a gateway the default: commands that name none mean it.')
    .argument('<name>', 'as "postern gateways" shows it')
    .action(async (name: string) => {
      const { useGateway } = await import('./gateways-run.ts')
      exitWith(await useGateway(name))
    })
  const rename = new Command('rename')
    .description('Give a gateway another name.')
    .argument('<name>', 'as "postern gateways" shows it')
    .argument('<new-name>', 'lower-case letters, digits and hyphens')
    .action(async (name: string, newName: string) => {
      const { renameGateway } = await import('./gateways-run.ts')
      exitWith(await renameGateway(name, newName))
    })
  const remove = new Command('remove')
    .description('Forget a gateway: its address, its certificate authority and its routes.')
    .argument('<name>', 'as "postern gateways" shows it')
    .action(async (name: string) => {
      const { removeGateway } = await import('./gateways-run.ts')
      exitWith(await removeGateway(name))
    })
  return gateways.addCommand(use).addCommand(rename).addCommand(remove)
}
