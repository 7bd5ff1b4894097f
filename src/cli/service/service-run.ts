import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { connectorUnit } from '../../autostart/connector-unit.ts'
import { loadConnectorConfig, type ConnectorConfig } from '../../connector/config/load-config.ts'
import { SystemError, formatProblem, messageOf } from '../../errors.ts'
import { encodeTunnelToken } from '../../tunnel/tunnel-credential.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printText } from '../speech/print.ts'
import { hasSecret } from '../tunnel/proxies.ts'
import type { RunOptions } from '../tunnel/run-options.ts'
import { loadOptions } from '../tunnel/run-run.ts'

/** The options of `postern service` as they were given. */
export interface ServiceOptions extends RunOptions {
  readonly serviceName: string
  readonly dryRun?: boolean
  readonly print?: boolean
}

/** Where things are written; systemd looks for units there. */
interface Places {
  readonly unit: string
  readonly token: string
}

/**
 * Writes the unit and the token, and starts the service; resolves to the exit code. What could not run is found
 * out here, and not at the next boot.
 *
 * @throws ConfigError or SystemError
 */
export async function installService(
  token: string | undefined,
  options: ServiceOptions,
): Promise<number> {
  const places = placesOf(options)
  const given = { ...options, ...(token === undefined ? {} : { token }) }
  const load = loadOptions(undefined, given)
  const { config, problems } = await loadConnectorConfig(load)
  for (const problem of problems) noteText(`warning: not served: ${formatProblem(problem)}\n`)
  if (given.token !== undefined) {
    note(
      'warning: other users of this machine could see the token: rather give "--token-file FILE"',
    )
  }
  checkReadable(load.path)
  const text = connectorUnit({
    program: ownProgram(),
    options: optionsOf(given, load.path),
    tokenFile: places.token,
    gracePeriodMs: config.gracePeriodMs,
  })
  if (options.print === true) {
    printText(text)
    return exitCodes.ok
  }
  if (options.dryRun === true) {
    note(`would write "${places.token}", readable by root alone`)
    note(`would write "${places.unit}", and start ${options.serviceName}`)
    return exitCodes.ok
  }
  await write(places, text, config)
  await systemctl('daemon-reload')
  await systemctl('enable', '--now', '--no-block', options.serviceName)
  note(`${options.serviceName} starts now and at boot: "systemctl status ${options.serviceName}"`)
  return exitCodes.ok
}

/** Stops the service and removes what was written; resolves to the exit code. */
export async function uninstallService(options: ServiceOptions): Promise<number> {
  const places = placesOf(options)
  if (!existsSync(places.unit)) {
    throw new SystemError('service-not-installed', `there is no "${places.unit}"`, {
      hint: 'name it with "--service-name NAME"',
    })
  }
  await systemctl('disable', '--now', options.serviceName)
  await touch(places.unit, () => rm(places.unit))
  await touch(places.token, () => rm(places.token, { force: true }))
  await systemctl('daemon-reload')
  note(`${options.serviceName} is stopped and removed`)
  return exitCodes.ok
}

function placesOf({ serviceName }: ServiceOptions): Places {
  if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/i.test(serviceName)) {
    throw new SystemError(
      'invalid-service-name',
      `"${serviceName}" cannot be the name of a service`,
      {
        hint: 'use letters, digits, "-", "_" and "."',
      },
    )
  }
  return {
    unit: `/etc/systemd/system/${serviceName}.service`,
    token: `/etc/postern/${serviceName}.token`,
  }
}

/** What `postern tunnel run` is given besides the token. */
function optionsOf(options: ServiceOptions, configPath: string | undefined): readonly string[] {
  const { url, hostname, metrics, gracePeriod, loglevel, proxy, cacert, caFile, logFormat } =
    options
  if (proxy !== undefined && hasSecret(proxy)) {
    throw new SystemError('secret-in-unit', 'the unit would show the password of the proxy', {
      hint: 'set HTTPS_PROXY by "EnvironmentFile=" in a drop-in: "systemctl edit NAME"',
    })
  }
  const authorities = cacert ?? caFile
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['--config', configPath === undefined ? undefined : resolve(configPath)],
    ['--url', url],
    ['--hostname', hostname],
    ['--metrics', metrics],
    ['--grace-period', gracePeriod],
    ['--loglevel', loglevel],
    ['--log-format', logFormat],
    ['--proxy', proxy],
    ['--cacert', authorities === undefined ? undefined : resolve(authorities)],
  ]
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
}

/** This program as a service begins it: the runtime and the script, or one executable. */
function ownProgram(): readonly string[] {
  const script = process.argv[1]
  const isScript = script !== undefined && /\.[cm]?[jt]s$/.test(realpathSync(script))
  const program = isScript ? [process.execPath, realpathSync(script)] : [process.execPath]
  for (const path of program) checkPlace(path, 'install postern for all users: "npm install -g"')
  return program
}

/** The service runs as a user of its own, from whom homes are hidden. */
function checkPlace(path: string, hint: string): void {
  if (!/^\/(?:home|root|run\/user)\//.test(path)) return
  throw new SystemError('not-for-a-service', `a service cannot read "${path}": homes are hidden`, {
    hint,
  })
}

function checkReadable(configPath: string | undefined): void {
  if (configPath === undefined) return
  const path = resolve(configPath)
  checkPlace(path, 'put it into /etc/postern')
  if ((statSync(path).mode & 0o004) !== 0) return
  throw new SystemError('not-for-a-service', `the user of the service cannot read "${path}"`, {
    hint: 'chmod 644 it; a token in it belongs into a file of its own, "--token-file FILE"',
  })
}

async function write(places: Places, text: string, { credential }: ConnectorConfig): Promise<void> {
  const directory = dirname(places.token)
  await touch(directory, () => mkdir(directory, { recursive: true, mode: 0o755 }))
  await touch(places.token, async () => {
    // Made anew, so that its mode is not that of an older one.
    await rm(places.token, { force: true })
    await writeFile(places.token, `${encodeTunnelToken(credential)}\n`, { mode: 0o600 })
  })
  await touch(places.unit, () => writeFile(places.unit, text, { mode: 0o644 }))
}

async function touch(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new SystemError('service-not-written', `cannot write "${path}": ${messageOf(error)}`, {
      hint: 'run it as root, or see the unit with "--print"',
      cause: error,
    })
  }
}

async function systemctl(...args: readonly string[]): Promise<void> {
  const child = spawn('systemctl', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit').catch((cause: unknown) => {
    throw new SystemError('service-unsupported', `there is no systemd here: ${messageOf(cause)}`, {
      hint: '"--print" shows the unit; other systems start "postern tunnel run --token-file FILE"',
    })
  })) as [number | null]
  if (code === 0) return
  throw new SystemError('service-failed', `"systemctl ${args.join(' ')}" ended with ${code}`)
}
