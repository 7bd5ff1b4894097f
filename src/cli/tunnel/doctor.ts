import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withRunOptions } from './run-options.ts'
import type { DoctorOptions } from './doctor-run.ts'

const examples = `
Examples:
  # with the options of "postern tunnel run"
  postern tunnel doctor --token-file token --url tcp://localhost:5432

Exit codes:
${exitCodeLines(['ok', 'usage', 'denied', 'upstream', 'gateway'])}
`

/** Defines `postern tunnel doctor`. */
export function defineDoctor(exitWith: ExitWith): Command {
  return withRunOptions(new Command('doctor'))
    .summary('try the way to the gateway and to the services, step by step')
    .description(
      'Say where the way is blocked: which host and port, and what was tried (DNS, TCP, proxy, TLS, registration, services).',
    )
    .argument('[name]', 'the named tunnel, by its name or UUID')
    .option('--json', 'print the checks as JSON on stdout')
    .addHelpText('after', examples)
    .action(async (name: string | undefined, options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor-run.ts')
      exitWith(await runDoctor(name, options))
    })
}
