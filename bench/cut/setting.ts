// A gateway of its own, with what ends access in the ways that there are.
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createControlClient, type ControlClient } from '../../src/control/client.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { createAsk, type Answer, type Question } from '../../test/crash/ask.ts'
import { alice, route, startRig, type GatewayRig, type RouteEntry } from '../../test/e2e/rig.ts'
import { siteFor } from '../../test/e2e/publisher.ts'
import type { Scope } from '../../test/e2e/scope.ts'
import { until } from './until.ts'

/** What is measured through: the crowd is at one route, those beside it at the other. */
export interface Setting {
  readonly scope: Scope
  readonly rig: GatewayRig
  readonly control: ControlClient
  readonly upstreamPort: number
  /** The file that puts people in groups. */
  readonly directoryFile: string
  /** A credential that does not expire of a service account, which is made where there is none. */
  credentialOf(id: string): Promise<string>
  /** Asks the gateway over HTTPS by the credential of a service account; rejects where that is refused. */
  askAs(id: string, question: Question): Promise<Answer['body']>
  /** A counter of its metrics; 0 while it has none of that name. */
  counter(name: string): Promise<number>
}

export const crowdTarget = 'crowd.example.com:7'
export const besideTarget = 'beside.example.com:7'
/** Whose tunnels are ended where it is not Alice, and whose stay. */
export const serviceAccount = 'robot'
export const neighbour = 'neighbour'
/** Who may do what administrators may. */
export const administrator = 'operator'
/** The company's directory, which writes by SCIM. */
export const companyAccount = 'directory'
/** In which operators make named tunnels. */
export const site = 'site.com'

/** Starts it with these settings besides those of every gateway here. */
export async function startSetting(
  scope: Scope,
  upstreamPort: number,
  settings: Readonly<Record<string, unknown>>,
): Promise<Setting> {
  const directoryFile = join(scope.directory, 'people.yaml')
  await writeDirectory({ directoryFile }, [])
  const metricsPort = await freePort()
  const rig = await startRig(scope, usualRoutes({ upstreamPort }), {
    ...(await siteFor(scope, site, alice)),
    directory: directoryFile,
    metrics_address: `127.0.0.1:${metricsPort}`,
    administrators: [administrator],
    scim: { service_account: companyAccount },
    ...settings,
  })
  const control = createControlClient(join(rig.home, '.state', 'postern', 'gateway'))
  const ask = createAsk(rig.port, rig.ca)
  const credentials = new Map<string, Promise<string>>()
  async function makeAccount(id: string): Promise<string> {
    const wanted = { id, description: '', format: 'jwt', expires_at: null } as const
    return (await control.createServiceAccount(wanted)).credential
  }
  function credentialOf(id: string): Promise<string> {
    const known = credentials.get(id) ?? makeAccount(id)
    credentials.set(id, known)
    return known
  }
  return {
    scope,
    rig,
    control,
    upstreamPort,
    directoryFile,
    credentialOf,
    async askAs(id, question) {
      const headers = { authorization: `Bearer ${await credentialOf(id)}` }
      const { status, body } = await ask({ ...question, headers })
      if (status < 300) return body
      throw new Error(`${question.method} ${question.path}: ${status} ${JSON.stringify(body)}`)
    },
    async counter(name) {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      const line = text.split('\n').find((one) => one.startsWith(`${name} `))
      return Number(line?.slice(name.length + 1) ?? 0)
    },
  }
}

/** What the routes are as a round begins. */
function usualRoutes({ upstreamPort }: Pick<Setting, 'upstreamPort'>): RouteEntry[] {
  const who = [
    { email: { is: alice } },
    { groups: { has: 'robots' } },
    { user: { is: serviceAccount } },
  ]
  return [
    { ...route(crowdTarget, upstreamPort), policy: [{ allow: { or: who } }] },
    {
      ...route(besideTarget, upstreamPort),
      policy: [{ allow: { or: [{ user: { is: neighbour } }] } }],
    },
  ]
}

export async function writeDirectory(
  { directoryFile }: Pick<Setting, 'directoryFile'>,
  people: readonly string[],
): Promise<void> {
  await replaceFile(directoryFile, `groups:\n  robots: [${people.join(', ')}]\n`)
}

export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

/**
 * Replaces the route of the crowd in the file, and what else of it is given; resolves once the gateway has read it, to
 * when it was written.
 */
export async function configure(
  setting: Setting,
  change: (crowd: RouteEntry) => readonly RouteEntry[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const [crowd, ...others] = usualRoutes(setting)
  if (crowd === undefined) throw new Error('there is no such route')
  return whenRead(setting, () =>
    setting.rig.configure((file) => ({
      ...file,
      ...settings,
      routes: [...change(crowd), ...others],
    })),
  )
}

/** Has only who meets this criterion at the route of the crowd. */
export const allow = (setting: Setting, criterion: object): Promise<number> =>
  configure(setting, (crowd) => [{ ...crowd, policy: [{ allow: { or: [criterion] } }] }])

/** Writes a file that the configuration consists of; resolves once the gateway has read it, to when it was written. */
export async function whenRead(
  { counter }: Pick<Setting, 'counter'>,
  write: () => Promise<void>,
): Promise<number> {
  const reloads = () => counter('postern_config_reloads_total{outcome="ok"}')
  const before = await reloads()
  await write()
  const at = performance.now()
  await until('the configuration was not read', async () => (await reloads()) > before)
  return at
}

export async function restoreRoutes(setting: Setting): Promise<void> {
  await configure(setting, (crowd) => [crowd])
}
