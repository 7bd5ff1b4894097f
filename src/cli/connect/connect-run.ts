import { join, resolve } from 'node:path'
import { formatAuthority } from '../../address.ts'
import { familiarPortOf } from '../../routes/route-way.ts'
import { SystemError } from '../../errors.ts'
import { commandLine } from '../../shell.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { ownProgram } from '../process/own-program.ts'
import { followEndSignals } from '../process/signals.ts'
import { note, printText } from '../speech/print.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { askedRoute, clientOf, type AskedRoute, type RouteOptions } from './asked-route.ts'
import { findProgram } from './find-program.ts'
import { requireUsable } from './require-usable.ts'
import { endAs, runProgram, type ProgramCall, type ProgramEnd } from './run-program.ts'
import { secretVariables, sshCall } from './ssh-call.ts'
import { checkAccount, chooseTool, toolCall, type Account, type Tool } from './tools.ts'
import { withLocalRoutes, type Opened } from './with-local-routes.ts'

/** The options of `postern connect` as they were given. */
export interface ConnectOptions extends RouteOptions {
  readonly tool?: string
  readonly user?: string
  readonly database?: string
  readonly print?: true
}

/** What is asked for, put together. */
interface Asked {
  readonly route: AskedRoute
  readonly tool: Tool
  readonly account: Account
  readonly args: readonly string[]
  readonly options: ConnectOptions
  readonly voice: Voice
}

/**
 * Runs `postern connect`; resolves to the exit code of the program.
 *
 * @throws AppError for everything that keeps it from starting
 */
export async function runConnect(
  routeText: string,
  args: readonly string[],
  options: ConnectOptions,
): Promise<number> {
  const component = { human: 'connect', json: 'connect' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const account = checkAccount(options)
  const route = await askedRoute(routeText, { command: 'postern connect', options, voice })
  const tool = chooseTool(options.tool, route.target, routeText)
  const asked = { route, tool, account, args, options, voice }
  if (options.print === true) {
    printText(commandsOf(asked).join('\n') + '\n')
    return 0
  }
  const file = findProgram(tool.programs, environment)
  if (file === undefined) throw programMissing(asked)
  const end = isSsh(tool) ? await runSsh(file, asked) : await runTool(file, asked)
  return typeof end === 'number' ? end : endAs(end)
}

function isSsh(tool: Tool): tool is Tool & { readonly name: 'ssh' | 'sftp' } {
  return tool.name === 'ssh' || tool.name === 'sftp'
}

async function runSsh(
  file: string,
  { route, tool, account, args, options, voice }: Asked,
): Promise<ProgramEnd | number> {
  const client = clientOf(route, options, voice)
  using ending = followEndSignals()
  try {
    await requireUsable({ route, client, options, voice }, ending.signal)
  } catch (error) {
    if (ending.exitCode !== undefined) return ending.exitCode
    throw error
  } finally {
    await client.destroy()
  }
  ending[Symbol.dispose]()
  const { args: words } = sshCall(tool.name === 'sftp' ? 'sftp' : 'ssh', {
    ...route,
    tcpOptions: [...route.tcpOptions, ...credentialFile(options)],
    program: ownProgram(),
    user: account.user,
    args,
  })
  return runProgram({ file, args: words, env: { ...environment, ...secretVariables(options) } })
}

/** `ssh` is started in this folder, and its command in whichever it likes. */
function credentialFile({ serviceAccountFile: file }: ConnectOptions): readonly string[] {
  return file === undefined ? [] : ['--service-account-file', resolve(file)]
}

async function runTool(file: string, asked: Asked): Promise<ProgramEnd | number> {
  const { route, tool, options, voice } = asked
  const client = clientOf(route, options, voice)
  return withLocalRoutes([{ authority: route.authority, client }], voice, async ([opened]) => {
    if (opened === undefined) throw new Error('no route was opened')
    return tool.name === 'rdp' ? showDesktop(file, opened, asked) : runAt(file, opened, asked)
  })
}

function runAt(file: string, { local }: Opened, asked: Asked): Promise<ProgramEnd> {
  const { route, tool, account, args } = asked
  const call = toolCall(tool, { local, target: route.target, account, args })
  return runProgram({ file, args: call.args, env: { ...environment, ...call.env } })
}

async function showDesktop(
  file: string,
  { local, untilLeft }: Opened,
  { account, args }: Asked,
): Promise<ProgramEnd> {
  const { rdpCall } = await import('./rdp-call.ts')
  const { cacheDirectory } = clientEnvironment()
  const directory = join(cacheDirectory, 'desktops')
  await using call = await rdpCall(file, { local, user: account.user, args, directory })
  const program: ProgramCall = { file, args: call.args, env: environment }
  const end = await runProgram(program)
  if (!call.handsOver || !('code' in end) || end.code !== 0) return end
  note(`the desktop is at ${formatAuthority(local)} while it is in use; Ctrl-C ends the tunnel`)
  await untilLeft()
  return end
}

/** The commands by which the same is done by hand: one for `ssh`, and two with a local port for the others. */
function commandsOf({ route, tool, account, args, options }: Asked): readonly string[] {
  const tcpOptions = [...route.tcpOptions, ...credentialFile(options)]
  if (isSsh(tool)) {
    const place = { ...route, tcpOptions, program: ownProgram(), user: account.user, args }
    return [commandLine(tool.name, ...sshCall(tool.name, place).args)]
  }
  const local = { host: '127.0.0.1', port: familiarPortOf(tool.port) ?? tool.port }
  const listen = formatAuthority(local)
  const tunnel = commandLine('postern', 'tcp', ...tcpOptions, '--listen', listen, route.authority)
  const [program = tool.name] = tool.programs
  if (tool.name === 'rdp') return [tunnel, commandLine(program, `/v:${listen}`, ...args)]
  const call = toolCall(tool, { local, target: route.target, account, args })
  const variables = Object.entries(call.env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  )
  return [tunnel, commandLine(...variables, program, ...call.args)]
}

function programMissing(asked: Asked): SystemError {
  const { tool } = asked
  const names = tool.programs.map((name) => `"${name}"`).join(' nor ')
  const install = tool.install[process.platform]
  const [first = ''] = commandsOf(asked)
  const way = install === undefined ? 'install it' : `install it (${install})`
  const byHand = isSsh(tool) ? '' : `, or reach the service by another program: ${first}`
  return new SystemError('program-missing', `there is no ${names} on this machine`, {
    hint: `${way}${byHand}`,
  })
}
