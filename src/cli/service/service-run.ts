import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { connectorUnit, isConnectorUnit } from '../../autostart/connector-unit.ts'
import { replaceFile } from '../../reach/replace-file.ts'
import { loadConnectorConfig, type ConnectorConfig } from '../../connector/config/load-config.ts'
import { SystemError, formatProblem, messageOf } from '../../errors.ts'
import { encodeTunnelToken } from '../../tunnel/tunnel-credential.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printText } from '../speech/print.ts'
import type { RunOptions } from '../tunnel/run-options.ts'
import { loadOptions } from '../tunnel/run-run.ts'
import { serviceProgram } from './places.ts'
import { fileOfUnit, requireSystemd, systemctl } from './systemctl.ts'
import { unitOptions } from './unit-options.ts'

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
 * Writes the unit and the token, and starts the service; one that runs begins anew with them. Resolves to the exit
 * code. What could not run is found out here, and not at the next boot.
 *
 * @throws ConfigError or SystemError
 */
export async function installService(
  token: string | undefined,
  options: ServiceOptions,
): Promise<number> {
  const { serviceName } = options
  const places = placesOf(options)
  const { text, config } = await prepare(token, options, places)
  if (options.print === true) {
    printText(text)
    return exitCodes.ok
  }
  if (options.dryRun === true) {
    note(`would write "${places.token}", readable by root alone`)
    note(`would write "${places.unit}", and start ${serviceName}`)
    return exitCodes.ok
  }
  requireRoot()
  await requireSystemd()
  requireOwn((await fileOfUnit(serviceName)) ?? places.unit, places)
  await write(places, text, config)
  await systemctl('daemon-reload')
  await systemctl('enable', '--quiet', serviceName)
  // Not "start": one that runs would go on with the command line and the token that it has.
  await systemctl('restart', '--no-block', serviceName)
  note(`${serviceName} starts now and at boot: "systemctl status ${serviceName}"`)
  return exitCodes.ok
}

/** Stops the service and removes what was written; resolves to the exit code. */
export async function uninstallService(options: ServiceOptions): Promise<number> {
  const { serviceName } = options
  const places = placesOf(options)
  if (!existsSync(places.unit) && !existsSync(places.token)) {
    throw new SystemError('service-not-installed', `there is no "${places.unit}"`, {
      hint: 'name it with "--service-name NAME"',
    })
  }
  requireOwn(places.unit, places)
  requireRoot()
  if (existsSync(places.unit)) {
    note(`stopping ${serviceName}: streams that are open may go on for its grace period`)
    await systemctl('disable', '--now', '--quiet', serviceName)
  }
  // The unit last: while it is there, this can be run again.
  await touch(places.token, () => rm(places.token, { force: true }))
  await touch(places.unit, () => rm(places.unit, { force: true }))
  await systemctl('daemon-reload')
  note(`${serviceName} is stopped and removed`)
  return exitCodes.ok
}

async function prepare(
  token: string | undefined,
  options: ServiceOptions,
  places: Places,
): Promise<{ readonly text: string; readonly config: ConnectorConfig }> {
  const asRun = { ...options, ...(token === undefined ? {} : { token }) }
  const load = loadOptions(undefined, asRun)
  const { config, problems } = await loadConnectorConfig(load)
  for (const problem of problems) noteText(`warning: not served: ${formatProblem(problem)}\n`)
  if (asRun.token !== undefined) {
    note(
      'warning: other users of this machine could see the token: rather give "--token-file FILE"',
    )
  }
  const text = connectorUnit({
    program: serviceProgram(),
    options: unitOptions({ options, given: load.given, configPath: load.path, config }),
    tokenFile: places.token,
    gracePeriodMs: config.gracePeriodMs,
  })
  return { text, config }
}

/** Before anything is asked of systemd, which tells others less or nothing. */
function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new SystemError('service-not-written', 'only root can install or remove a service', {
    hint: 'run it as root, or see the unit with "postern service install --print"',
  })
}

function placesOf({ serviceName }: ServiceOptions): Places {
  if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/i.test(serviceName)) {
    const message = `"${serviceName}" cannot be the name of a service`
    throw new SystemError('invalid-service-name', message, {
      hint: 'use letters, digits, "-", "_" and "."',
    })
  }
  return {
    unit: `/etc/systemd/system/${serviceName}.service`,
    token: `/etc/postern/${serviceName}.token`,
  }
}

/** Another program's unit is neither replaced, nor hidden by one of its name, nor removed. */
function requireOwn(path: string, places: Places): void {
  if (path === places.unit && !existsSync(path)) return
  if (path === places.unit && isConnectorUnit(readFileSync(path, 'utf8'))) return
  throw new SystemError('service-name-taken', `"${path}" is not a unit of "postern service"`, {
    hint: 'take another name with "--service-name NAME"',
  })
}

async function write(places: Places, text: string, { credential }: ConnectorConfig): Promise<void> {
  const directory = dirname(places.token)
  await touch(directory, () => mkdir(directory, { recursive: true, mode: 0o755 }))
  await touch(places.token, () => replaceFile(places.token, `${encodeTunnelToken(credential)}\n`))
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
