import { isIP } from 'node:net'
import { Command, InvalidArgumentError, Option } from 'commander'
import { defaultConfigPath, withConfig, withState } from '../commands/gateway-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type {
  DiffOptions,
  ExplainOptions,
  PolicyTestOptions,
  WhoCanOptions,
} from './policy-options.ts'

const examples = `
Examples:
  # run the tests of policy-tests.yaml beside the configuration, without a gateway
  postern policy test -c postern.yaml

  # the same in CI, with a report that it reads
  postern policy test tests/*.yaml -c postern.yaml --junit policy.xml

  # why somebody may use a route or not, criterion by criterion, by what the running gateway knows of them
  postern policy explain alice@example.com db.example.com:5432 -c postern.yaml

  # the same by the configuration alone, for somebody of a group, from an address, on a Sunday
  postern policy explain alice@example.com db.example.com:5432 -c postern.yaml --offline \\
    --group dba --from 192.0.2.7 --at 2026-03-08T12:00:00Z

  # who may use a route, and what somebody may use
  postern policy who-can db.example.com:5432 -c postern.yaml
  postern policy what-can alice@example.com -c postern.yaml

  # which decisions another configuration changes
  postern policy diff postern.yaml proposed.yaml

Exit codes:
${exitCodeLines(['ok', 'usage', 'noRoute', 'system', 'policyTest'])}
`

/** Defines `postern policy` and its subcommands. */
export function definePolicy(exitWith: ExitWith): Command {
  return new Command('policy')
    .description('Test policies before somebody meets them, and explain what they decide.')
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(defineTest(exitWith))
    .addCommand(defineExplain(exitWith))
    .addCommand(defineWhoCan(exitWith))
    .addCommand(defineWhatCan(exitWith))
    .addCommand(defineDiff(exitWith))
}

function defineTest(exitWith: ExitWith): Command {
  return withConfig(new Command('test'))
    .description(
      'Run tests of policies, which say who comes how to which route and what is to be decided. Reads the routes, named policies and directory of the configuration, and asks no gateway.',
    )
    .argument('[files...]', 'YAML with "tests"; policy-tests.yaml beside the configuration without')
    .option('--junit <file>', 'write the results as JUnit XML, for a CI system')
    .option('--json', 'print the results as JSON on stdout')
    .action(async (files: readonly string[], options: Partial<PolicyTestOptions>) => {
      const { runPolicyTests } = await import('./test-run.ts')
      const { config = defaultConfigPath } = options
      exitWith(await runPolicyTests(files, { ...options, config }))
    })
}

function withQuestion(command: Command): Command {
  return withState(command)
    .option('--offline', 'judge by the configuration file alone: no gateway is asked')
    .option('--from <ip>', 'the address that somebody comes from', ipAddress)
    .option('--at <time>', 'when, such as 2026-03-04T12:00:00Z; now without it', isoTime)
    .option('--json', 'print JSON on stdout')
}

function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('must be an IP address such as 192.0.2.7')
  return text
}

/** With its zone (RFC 3339 §5.6): that of whoever asks need not be the gateway's. */
function isoTime(text: string): string {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
  if (!isWhole || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('must be a time with its zone, such as 2026-03-04T12:00:00Z')
  return text
}

function defineExplain(exitWith: ExitWith): Command {
  return withQuestion(new Command('explain'))
    .description(
      'Say what would be decided for somebody on a route, and why: each rule and criterion with what it found and what it needs.',
    )
    .argument('<who>', 'an email address, a user id, or "nobody" for somebody who is not signed in')
    .argument('<route>', 'an id, a name, or a host:port')
    .addOption(
      new Option(
        '--group <name>',
        'a group they are in, instead of those that are known; repeat it',
      ).argParser(collected),
    )
    .addOption(
      new Option('--claim <name=value>', 'a claim of the provider; repeat it').argParser(claimed),
    )
    .option('--provider <id>', 'the identity provider that they have signed in with, by its id')
    .option('--service-account', 'WHO is the id of a service account')
    .option('--certificate', 'they show a client certificate that the gateway trusts')
    .action(async (who: string, route: string, options: ExplainOptions) => {
      const { explainDecision } = await import('./explain-run.ts')
      exitWith(await explainDecision(who, route, options))
    })
}

function defineWhoCan(exitWith: ExitWith): Command {
  return withQuestion(new Command('who-can'))
    .description(
      'List who may use a route, of all that are known: by a session, as a service account, or in the directory.',
    )
    .argument('<route>', 'an id, a name, or a host:port')
    .option('--all', 'list those who may not, too')
    .action(async (route: string, options: WhoCanOptions) => {
      const { whoCan } = await import('./who-can-run.ts')
      exitWith(await whoCan(route, options))
    })
}

function defineWhatCan(exitWith: ExitWith): Command {
  return withQuestion(new Command('what-can'))
    .description('List the routes that somebody may use.')
    .argument('<who>', 'an email address, a user id, or the id of a service account')
    .option('--all', 'list the other routes, too')
    .action(async (who: string, options: WhoCanOptions) => {
      const { whatCan } = await import('./who-can-run.ts')
      exitWith(await whatCan(who, options))
    })
}

function defineDiff(exitWith: ExitWith): Command {
  return new Command('diff')
    .description(
      'Compare two configurations: the routes that differ, and for whom another decision is made, of everybody that their directories and policies name.',
    )
    .argument('<old>', 'a configuration file')
    .argument('<new>', 'the one that is to take its place')
    .addOption(
      new Option(
        '--tests <file>',
        'compare for the callers of these policy tests, too; repeat it',
      ).argParser(collected),
    )
    .option('--json', 'print JSON on stdout')
    .action(async (before: string, after: string, options: DiffOptions) => {
      const { diffPolicies } = await import('./diff-run.ts')
      exitWith(await diffPolicies(before, after, options))
    })
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

type Claims = NonNullable<ExplainOptions['claim']>

/** A claim that is given several times is a list. */
function claimed(text: string, before: Claims = {}): Claims {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('must be NAME=VALUE, such as department=sales')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const known = Object.hasOwn(before, name) ? before[name] : undefined
  return { ...before, [name]: known === undefined ? value : [known, value].flat() }
}
