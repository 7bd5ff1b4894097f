import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { inherited, withState } from './gateway-options.ts'
import type {
  AnswerOptions,
  BlockOptions,
  ListOptions,
  UnblockOptions,
} from './gateway-requests-run.ts'

const exitCodes = `
Exit codes:
${exitCodeLines(['ok', 'usage', 'denied', 'system'])}
`

const requestExamples = `
Examples:
  # who waits for an answer, and give one of them less than was asked for
  postern gateway requests list -c postern.yaml
  postern gateway requests approve -c postern.yaml ar-5d2c0e9f1b7a4c33 --for 30m --note "until the hand-over"

  # everything there was, for a script
  postern gateway requests list --all --json -c postern.yaml
${exitCodes}`

const blockExamples = `
Examples:
  # tunnels and sessions end at once, and they sign in no more
  postern gateway blocks add -c postern.yaml alice@example.com --reason "laptop stolen"

  postern gateway blocks list -c postern.yaml
  postern gateway blocks remove -c postern.yaml alice@example.com
${exitCodes}`

/** Defines `postern gateway requests`. */
export function defineGatewayRequests(exitWith: ExitWith): Command {
  const list = withState(new Command('list'))
    .description('List the requests that wait for an answer.')
    .option('--all', 'those that were answered, too')
    .option('--json', 'print JSON on stdout')
    .action(async (options: ListOptions, command: Command) => {
      const { listRequests } = await import('./gateway-requests-run.ts')
      exitWith(await listRequests(inherited(options, command)))
    })
  const answers = (['approve', 'deny', 'end'] as const).map((word) =>
    withAnswer(word).action(async (id: string, options: AnswerOptions, command: Command) => {
      const { answerRequest } = await import('./gateway-requests-run.ts')
      exitWith(await answerRequest(word, id, inherited(options, command)))
    }),
  )
  const requests = new Command('requests')
    .description('See and answer requests for access for a while.')
    .helpCommand(false)
    .addHelpText('after', requestExamples)
    .addCommand(list)
  for (const answer of answers) requests.addCommand(answer)
  return requests
}

const descriptions = {
  approve: 'Give the access that was asked for, from now on.',
  deny: 'Say no to a request.',
  end: 'End access that was given, and the tunnels that rest on it.',
} as const

function withAnswer(word: keyof typeof descriptions): Command {
  const command = withState(new Command(word))
    .description(descriptions[word])
    .argument('<id>', 'as the list shows it')
    .option('--note <text>', 'what to say to the person')
    .option('--json', 'print JSON on stdout')
  return word === 'approve'
    ? command.option('--for <duration>', 'for less than was asked for, such as "30m"')
    : command
}

/** Defines `postern gateway blocks`. */
export function defineGatewayBlocks(exitWith: ExitWith): Command {
  const list = withState(new Command('list'))
    .description('List the people who are blocked.')
    .option('--json', 'print JSON on stdout')
    .action(async (options: ListOptions, command: Command) => {
      const { listBlocks } = await import('./gateway-requests-run.ts')
      exitWith(await listBlocks(inherited(options, command)))
    })
  const add = withState(new Command('add'))
    .description(
      'Block a person: their tunnels are cut, their sessions end, and they can neither sign in nor publish.',
    )
    .argument('<person>', 'an email address or a user id')
    .option('--reason <text>', 'why, for those who see the list')
    .option('--json', 'print JSON on stdout')
    .action(async (who: string, options: BlockOptions, command: Command) => {
      const { addBlock } = await import('./gateway-requests-run.ts')
      exitWith(await addBlock(who, inherited(options, command)))
    })
  const remove = withState(new Command('remove'))
    .description('Let a person sign in again.')
    .argument('<person>', 'as the list shows it')
    .option('--json', 'print JSON on stdout')
    .action(async (who: string, options: UnblockOptions, command: Command) => {
      const { removeBlock } = await import('./gateway-requests-run.ts')
      exitWith(await removeBlock(who, inherited(options, command)))
    })
  return new Command('blocks')
    .description('See, block and unblock people.')
    .helpCommand(false)
    .addHelpText('after', blockExamples)
    .addCommand(list)
    .addCommand(add)
    .addCommand(remove)
}
