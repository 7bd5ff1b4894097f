import { formatAuthority } from '../address.ts'
import { messageOf } from '../errors.ts'
import { dial } from '../net/dial.ts'
import { createPortChooser } from './ports.ts'
import { formatKnownHosts, preferredPorts } from './commands.ts'
import { fileNames } from './config-file.ts'
import { preferredConnectorPorts } from './connector-commands.ts'
import { makeFolder } from './folder.ts'
import type { Folder } from './folder.ts'
import type { QuickstartOptions } from './options.ts'
import { outsider, people, prover } from './people.ts'
import { writeBrowser, writeProgram } from './program.ts'
import type { Program } from './program.ts'
import { proveAccess, proveConnector, proveRefusal, proveTransfer } from './proof.ts'
import {
  reportAccess,
  reportConnector,
  reportConnectorTransfer,
  reportFirst,
  reportHints,
  reportPeople,
  reportRefusal,
  reportRunning,
  reportRoute,
  reportTransfer,
} from './report.ts'
import { sshAuthority } from './routes.ts'
import type { SampleRoute } from './routes.ts'
import { startQuickstart } from './start.ts'
import type { Quickstart } from './start.ts'
import { createPage, type Terminal } from './terminal.ts'

/**
 * Runs a quickstart until `signal` is aborted, or once when that is asked for, and removes everything
 * it made. Resolves to the exit code; every failure has been said then.
 */
export async function runQuickstart(
  options: QuickstartOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  terminal.heading('postern demo')
  const exitCode = await runInFolder(options, terminal, signal)
  if (signal.aborted) terminal.line('stopped; everything it made is gone')
  return exitCode
}

async function runInFolder(
  options: QuickstartOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  using folder = makeFolder()
  try {
    terminal.progress('starting')
    await using quickstart = await startQuickstart({
      ...options,
      folder,
      signal,
      onStep: (text) => terminal.done(text),
      onEvent: (text) => terminal.line(text),
    })
    const failing = new AbortController()
    void quickstart.failed.then((error) => failing.abort(error))
    const run = { quickstart, folder, terminal, signal }
    // What fails for want of a gateway fails for what that has failed for.
    const untilFailed = AbortSignal.any([signal, failing.signal])
    if (options.proves) await prove({ ...run, signal: untilFailed })
    if (!options.once) await stayUp(run, options)
    return 0
  } catch (error) {
    // A script that asked for the proof must not take an interrupted one for it.
    if (signal.aborted) return options.once ? 1 : 0
    const log = folder.keep(fileNames.log)
    terminal.fatal(error, log && `the gateway's log is in ${log}`)
    return 1
  }
}

interface Run {
  readonly quickstart: Quickstart
  readonly folder: Folder
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

async function prove(run: Run): Promise<void> {
  const { terminal } = run
  terminal.section('Proof')
  terminal.progress(`signing in ${prover} and moving 64 MiB each way`)
  reportTransfer(terminal, prover, await proveTransfer(prover, run))
  terminal.progress('moving 4 MiB each way through the connector')
  reportConnectorTransfer(terminal, await proveConnector(prover, run))
  await proveAccess(prover, run)
  reportAccess(terminal, prover, sshAuthority)
  terminal.progress(`signing in ${outsider}, who may not use ${sshAuthority}`)
  reportRefusal(terminal, outsider, sshAuthority, await proveRefusal(outsider, run))
}

async function stayUp(run: Run, options: QuickstartOptions): Promise<void> {
  const { quickstart, folder, terminal, signal } = run
  const program = await writeProgram(folder, options.program, quickstart)
  const page = createPage()
  await reportAll({ ...run, terminal: page.terminal }, program, options)
  const allFile = await folder.write(fileNames.commands, page.text())
  const { searchFolder } = program
  // Without the short name there are only the long commands.
  const showsAll = options.showsAll || searchFolder === undefined
  if (showsAll) terminal.copy(page.text())
  for (const route of quickstart.routes) {
    if (route.kind === 'own') await warnIfSilent(terminal, route)
  }
  const { gatewayUrl, routes } = quickstart
  if (showsAll) reportRunning(terminal)
  else reportFirst(terminal, { searchFolder, gatewayUrl, routes, allFile })
  const failure = await Promise.race([aborted(signal), quickstart.failed])
  if (failure !== undefined) throw failure
  terminal.line('')
  terminal.progress('stopping')
}

/** Everything that can be done with it. */
async function reportAll(run: Run, program: Program, options: QuickstartOptions): Promise<void> {
  const { quickstart, folder, terminal } = run
  reportPeople(terminal)
  await reportRoutes(run, program, options)
  reportHints(terminal, {
    ...quickstart,
    configFile: folder.join(fileNames.config),
    logFile: folder.join(fileNames.log),
    signInFolder: program.signInFolder,
    searchFolder: program.searchFolder,
    browsers: await writeBrowsers(run, program, options),
  })
}

async function reportRoutes(
  run: Run,
  program: Program,
  { port }: QuickstartOptions,
): Promise<void> {
  const { quickstart, folder, terminal } = run
  const { gatewayUrl, caFile, routes, sshHostKey, echoPort } = quickstart
  const choosePort = createPortChooser()
  const knownHostsFile = folder.join('known_hosts')
  for (const route of routes) {
    // Who wants any free port for the gateway wants it for these too.
    const localPort = await choosePort(port === 0 ? 0 : preferredPorts[route.kind])
    if (route.kind === 'ssh') {
      const known = formatKnownHosts(route.authority, localPort, sshHostKey)
      await folder.write('known_hosts', known)
    }
    reportRoute(terminal, route, {
      program: program.words,
      gatewayUrl,
      caFile,
      knownHostsFile,
      localPort,
    })
  }
  const preferred = preferredConnectorPorts
  reportConnector(terminal, {
    program: program.words,
    gatewayUrl,
    caFile,
    localPort: await choosePort(port === 0 ? 0 : preferred.localPort),
    ownLocalPort: await choosePort(port === 0 ? 0 : preferred.ownLocalPort),
    servicePort: echoPort,
    credentialFile: program.searchFolder === undefined ? folder.join('cert.pem') : undefined,
  })
}

/** The gateway would answer 503 and a newcomer look for the fault in it. */
async function warnIfSilent(terminal: Terminal, { to }: SampleRoute): Promise<void> {
  try {
    const socket = await dial(to, { timeoutMs: 2_000 })
    socket.destroy()
  } catch (error) {
    terminal.warn(
      `nothing answers at tcp://${formatAuthority(to)} yet (${messageOf(error)}): start your service, the route is ready for it`,
    )
  }
}

async function writeBrowsers(
  run: Run,
  program: Program,
  options: QuickstartOptions,
): Promise<ReadonlyMap<string, string>> {
  const browsers = new Map<string, string>()
  // Where the program cannot be run from the folder, neither can these.
  if (program.signInFolder === undefined) return browsers
  for (const person of people) {
    const words = options.program
    browsers.set(person.email, await writeBrowser(run.folder, words, person, run.quickstart.caFile))
  }
  return browsers
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
