// What ends access while a gateway runs, each done as whoever does it would.
import { rename, writeFile } from 'node:fs/promises'
import type { ControlClient } from '../../src/control/client.ts'
import { until } from './until.ts'
import { alice, carol, route, type GatewayRig, type RouteEntry } from '../../test/e2e/rig.ts'

/** What is measured through: the crowd is at one route, those beside it at the other. */
export interface Setting {
  readonly rig: GatewayRig
  readonly control: ControlClient
  readonly upstreamPort: number
  /** The file that puts people in groups. */
  readonly directoryFile: string
  /** How often the gateway has read its configuration. */
  reloads(): Promise<number>
}

export interface Cause {
  readonly name: string
  /** What the log says that each tunnel ended by. */
  readonly ended: string
  /** Whose tunnels: a person's of a sign-in, or a service account's. **Default:** the person's */
  readonly isServiceAccount?: boolean
  /** Before the tunnels are open; what it answers is given to `act`. */
  readonly prepare?: (setting: Setting) => Promise<void>
  /** Ends access; resolves to when it was over, of `performance.now()`. */
  act(setting: Setting): Promise<number>
  /** Lets everybody in again. */
  readonly restore?: (setting: Setting) => Promise<void>
}

export const crowdTarget = 'crowd.example.com:7'
export const besideTarget = 'beside.example.com:7'
export const serviceAccount = 'robot'

/** Time from a date that a policy is given until then: as long as a crowd needs to come. */
const windowMs = 60_000

const now = (act: () => Promise<unknown>): Promise<number> => {
  const at = performance.now()
  // What it answers may come after the tunnels are cut.
  return act().then(() => at)
}

/** What the routes are as a round begins. */
export function usualRoutes({ upstreamPort }: Pick<Setting, 'upstreamPort'>): RouteEntry[] {
  const who = [
    { email: { is: alice } },
    { groups: { has: 'robots' } },
    { user: { is: serviceAccount } },
  ]
  return [
    { ...route(crowdTarget, upstreamPort), policy: [{ allow: { or: who } }] },
    route(besideTarget, upstreamPort, [carol]),
  ]
}

export async function writeDirectory(
  { directoryFile }: Pick<Setting, 'directoryFile'>,
  people: readonly string[],
) {
  await writeFile(`${directoryFile}.new`, `groups:\n  robots: [${people.join(', ')}]\n`)
  await rename(`${directoryFile}.new`, directoryFile)
}

/** Replaces the route of the crowd in the file; resolves once the gateway has read it. */
async function configure(
  { rig, upstreamPort, reloads }: Setting,
  change: (entry: RouteEntry) => readonly RouteEntry[],
): Promise<number> {
  const [crowd, ...others] = usualRoutes({ upstreamPort })
  if (crowd === undefined) throw new Error('there is no such route')
  const before = await reloads()
  await rig.configure((file) => ({ ...file, routes: [...change(crowd), ...others] }))
  const at = performance.now()
  await until('the configuration was not read', async () => (await reloads()) > before)
  return at
}

const restoreRoutes = async (setting: Setting): Promise<void> => {
  await configure(setting, (crowd) => [crowd])
}
const inWindow = (entry: RouteEntry, before: Date): RouteEntry => ({
  ...entry,
  policy: [
    { allow: { and: [{ email: { is: alice } }, { date: { before: before.toISOString() } }] } },
  ],
})
let windowEnds = 0

export const causes: readonly Cause[] = [
  {
    name: 'session revoked',
    ended: 'session-revoked',
    act: ({ control }) => now(() => control.revokeUser(alice)),
  },
  {
    name: 'person blocked',
    ended: 'person-blocked',
    act: ({ control }) => now(() => control.blockPerson(alice, 'bench')),
    restore: async ({ control }) => void (await control.unblockPerson(alice)),
  },
  {
    name: 'cut by an operator',
    ended: 'cut-by-operator',
    act: ({ control }) => now(() => control.cutTunnels({ user: alice })),
  },
  {
    name: 'service account revoked',
    ended: 'session-revoked',
    isServiceAccount: true,
    act: ({ control }) => now(() => control.revokeServiceAccount(serviceAccount)),
  },
  {
    name: 'policy changed in the file',
    ended: 'policy-changed',
    act: (setting) =>
      configure(setting, (crowd) => [
        { ...crowd, policy: [{ allow: { or: [{ email: { is: carol } }] } }] },
      ]),
    restore: restoreRoutes,
  },
  {
    name: 'route removed from the file',
    ended: 'route-removed',
    act: (setting) => configure(setting, () => []),
    restore: restoreRoutes,
  },
  {
    name: 'route leads elsewhere',
    ended: 'route-changed',
    act: (setting) => configure(setting, (crowd) => [{ ...crowd, to: 'tcp://127.0.0.1:9' }]),
    restore: restoreRoutes,
  },
  {
    name: 'put out of a group',
    ended: 'policy-changed',
    async prepare(setting) {
      await writeDirectory(setting, [alice])
      await configure(setting, (crowd) => [
        { ...crowd, policy: [{ allow: { or: [{ groups: { has: 'robots' } }] } }] },
      ])
    },
    async act(setting) {
      await writeDirectory(setting, [carol])
      return performance.now()
    },
    restore: restoreRoutes,
  },
  {
    name: 'time window over',
    ended: 'policy-changed',
    async prepare(setting) {
      windowEnds = Date.now() + windowMs
      await configure(setting, (crowd) => [inWindow(crowd, new Date(windowEnds))])
    },
    act: () => Promise.resolve(performance.now() + windowEnds - Date.now()),
    restore: restoreRoutes,
  },
]
