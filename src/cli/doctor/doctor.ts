import { Command } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { DoctorOptions } from './doctor-run.ts'

const description = `Try the way to a service step by step, and say where it ends and what to do: the name, its addresses, the proxy, TLS and the certificate, the gateway, what passes to it, who is signed in, the policy, and the service.

DESTINATION is what "postern tcp" takes. Without it the check ends with who is signed in, and counts their routes. Nobody is signed in by it, and nothing is changed; the service sees a connection that is closed at once.`

const examples = `
Examples:
  # why does it not work?
  postern doctor db.corp.example.com:5432

  # only the way to the gateway, and who is signed in
  postern doctor --gateway https://gateway.example.com

  # a text without secrets, for whoever runs the gateway
  postern doctor --report report.txt db.corp.example.com:5432

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'noRoute', 'upstream', 'gateway', 'system'])}
`

/** Defines `postern doctor`. */
export function defineDoctor(exitWith: ExitWith): Command {
  const command = new Command('doctor')
    .description(description)
    .argument('[destination]', 'the route, such as "redis.corp.example.com:6379", or its name')
    .option('--gateway <gateway>', 'the gateway by its name or address')
    .option('--json', 'print the checks as JSON on stdout')
    .option(
      '--report [file]',
      'write a text without secrets to a file, or to stdout: for whoever runs the gateway',
    )
  return withAskOptions(command)
    .addHelpText('after', examples)
    .action(async (destination: string | undefined, options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor-run.ts')
      exitWith(await runDoctor(destination, options))
    })
}
